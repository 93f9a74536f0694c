"""Which credentials are swept together."""

from __future__ import annotations

from syncd.daemon.groups import HOURLY, group_of, groups_of
from syncd.daemon.queue import Group
from syncd.mapping.credential import Schedule
from syncd.model.names import CredentialId
from syncd.model.secret import StoreName
from tests.unit.daemon.samples import HEADER, STORES, TWO, document

FIVE_MINUTES = Schedule(300.0)


def test_a_group_is_a_store_with_a_schedule() -> None:
    """Credentials of the same store are together as long as their schedules are the same."""
    groups = groups_of(document(TWO.replace("beta}", "beta}\n    schedule: {interval: 1m}", 1)))
    assert groups == {
        Group(StoreName("one"), FIVE_MINUTES): {CredentialId("alpha")},
        Group(StoreName("two"), Schedule(60.0)): {CredentialId("beta")},
        HOURLY: frozenset(),
    }


def test_keyless_credentials_are_hourly() -> None:
    """Credentials without a store have a group of their own, which is swept once an hour."""
    text = f"""\
{HEADER}credentials:
  role:
    s3: {{roleArn: "arn:aws:iam::111122223333:role/models"}}
    to: [{{namespaces: [team-a], serviceAccounts: [models]}}]
"""
    assert groups_of(document(text)) == {HOURLY: {CredentialId("role")}}
    assert HOURLY.schedule == Schedule(3600.0)


def test_fields_from_two_stores_make_a_group_of_both() -> None:
    """It needs both, so it must not hold back what needs only one; no store can have that name."""
    text = f"""\
{HEADER}{STORES}credentials:
  mixed:
    from: {{store: two, secret: mixed}}
    s3:
      endpoint: https://minio.example.com
      accessKeyId: {{store: one, secret: id, whole: true}}
      secretAccessKey: {{property: key}}
    to: [{{namespaces: [team-a]}}]
"""
    credential = document(text).credentials[CredentialId("mixed")]
    assert group_of(credential) == Group(StoreName("one+two"), FIVE_MINUTES)


def test_a_paused_mapping_has_no_groups() -> None:
    """Nothing at all is swept while the mapping says paused."""
    assert groups_of(document(TWO + "mode: paused\n")) == {}
