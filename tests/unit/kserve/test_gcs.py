"""Google Cloud Storage: which keys are published."""

from __future__ import annotations

import pytest

from syncd.kserve.cluster_config import KServeConfig
from syncd.model.reasons import Reason
from tests.unit.kserve.forms import (
    SERVICE_ACCOUNT,
    WHOLE,
    differing,
    messages,
    refused,
    rendered,
)


def test_gcs_writes_the_key_as_it_is_under_the_clusters_name() -> None:
    """The JSON stays as the store has it, without blanks at its ends, under the configured file name."""
    config = KServeConfig(gcs_credential_file_name="key.json")
    result = rendered("gcs", {}, {"credentials": f"\n{SERVICE_ACCOUNT}\n"}, config=config)
    assert differing(result.data, {"key.json": SERVICE_ACCOUNT}) == []


@pytest.mark.parametrize(
    "key",
    [
        '{"type":"authorized_user","client_id":"a","client_secret":"b","refresh_token":"c"}',
        '{"type":"external_account","audience":"a","subject_token_type":"b","token_url":"c","credential_source":{"file":"f"}}',
    ],
)
def test_gcs_takes_the_keys_of_users_and_external_accounts(key: str) -> None:
    """The three types that the storage initializer can use are published."""
    assert rendered("gcs", {"credentials": {"whole": "true"}}, {WHOLE: key}).detects_as == "gcs"


@pytest.mark.parametrize(
    "key",
    [
        "AIza",
        "[]",
        '"text"',
        "{}",
        '{"type":["service_account"]}',
        '{"type":"service_account","client_email":"a","token_uri":"b"}',
        '{"type":"service_account","client_email":"","private_key":"AB"}',
        '{"type":"external_account","audience":"a","credential_source":{}}',
        "\ufeff" + SERVICE_ACCOUNT,
    ],
)
def test_gcs_refuses_what_google_auth_cannot_read(key: str) -> None:
    """No JSON object, an unknown type, no secret part, a part that is empty."""
    assert refused("gcs", {"credentials": {"whole": "true"}}, {WHOLE: key}) == [
        ("credentials", Reason.INVALID_VALUE)
    ]


def test_gcs_says_how_to_take_a_secret_that_is_the_key() -> None:
    """Where no usual name is found, the message says `whole: true`: the usual mistake."""
    assert "credentials: {whole: true}" in messages("gcs", {}, {"type": "service_account"})
