"""Azure: one way to authenticate, and what each writes."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from syncd.kserve.kinds import KINDS
from syncd.model.reasons import Reason
from tests.unit.kserve.forms import (
    PRINCIPAL,
    differing,
    refused,
    rendered,
)


def test_azure_service_principal() -> None:
    """Three keys, and the subscription where it is given."""
    form = {"servicePrincipal": {"subscriptionId": "sub", "clientId": " cid\n"}}
    result = rendered("azure", form, {"tenant_id": "t\n", "client_secret": "c s"})
    assert (
        differing(
            result.data,
            {
                "AZURE_CLIENT_ID": "cid",
                "AZURE_TENANT_ID": "t",
                "AZURE_CLIENT_SECRET": "c s",
                "AZURE_SUBSCRIPTION_ID": "sub",
            },
        )
        == []
    )


def test_azure_without_tenant_is_refused() -> None:
    """KServe refers to the tenant in any case, and the container would never start without it."""
    found = refused("azure", {"servicePrincipal": {"clientId": "cid"}}, {"client_secret": "cs"})
    assert found == [("servicePrincipal.tenantId", Reason.PROPERTY_NOT_FOUND)]


def test_azure_workload_identity_needs_no_secret() -> None:
    """Both ids are written out in the mapping, and the Secret has nothing else."""
    form = {"workloadIdentity": {"clientId": "cid", "tenantId": "$(label:tenant)"}}
    assert KINDS["azure"].part.model_validate(form).keyless()
    assert refused("azure", form) == [("workloadIdentity.tenantId", Reason.INVALID_VALUE)]
    result = rendered("azure", {"workloadIdentity": {"clientId": "cid", "tenantId": "t"}})
    assert differing(result.data, {"AZURE_CLIENT_ID": "cid", "AZURE_TENANT_ID": "t"}) == []


@pytest.mark.parametrize(
    ("way", "value", "written"),
    [("accountKey", "a2V5\n", "a2V5"), ("sasToken", "?sv=1&sig=a%2Fb", "sv=1&sig=a%2Fb")],
)
def test_azure_key_and_sas(way: str, value: str, written: str) -> None:
    """One key, under which KServe gives either to the storage client; the tenant only where it is given."""
    assert (
        differing(rendered("azure", {way: {}}, {"key": value}).data, {"AZURE_STORAGE_ACCESS_KEY": written})
        == []
    )
    with_tenant = rendered("azure", {way: {"tenantId": "t"}}, {"key": value})
    assert differing(with_tenant.data, {"AZURE_STORAGE_ACCESS_KEY": written, "AZURE_TENANT_ID": "t"}) == []
    assert refused("azure", {way: {}}, {"key": "two words"}) == [(f"{way}.key", Reason.INVALID_VALUE)]


def test_azure_with_nothing_found() -> None:
    """When no field has a value, that is said once."""
    [(_, reason)] = refused("azure", {"accountKey": {}})
    assert reason == Reason.PROPERTY_NOT_FOUND


@pytest.mark.parametrize(
    ("form", "whole"),
    [
        ({"servicePrincipal": {}}, None),
        (PRINCIPAL, "servicePrincipal.clientSecret"),
        ({"accountKey": {}}, "accountKey.key"),
        ({"sasToken": {}}, "sasToken.key"),
        ({"workloadIdentity": {"clientId": "c", "tenantId": "t"}}, None),
    ],
)
def test_azure_takes_a_bare_secret_where_it_can_be_only_one_thing(form: object, whole: str | None) -> None:
    """A bare payload is the client secret only where both ids stand in the mapping."""
    assert KINDS["azure"].part.model_validate(form).inputs().whole_field == whole


@pytest.mark.parametrize(
    "form", [{}, PRINCIPAL | {"accountKey": {}}, {"workloadIdentity": {"clientId": "c"}}]
)
def test_azure_has_exactly_one_way(form: object) -> None:
    """None, two, or half of one is an error of the mapping."""
    with pytest.raises(ValidationError):
        KINDS["azure"].part.model_validate(form)
