"""Image pulls, and Secrets that KServe does not read."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from syncd.kserve.cluster_config import KServeConfig
from syncd.kserve.kinds import KINDS
from syncd.model.reasons import Reason
from tests.unit.kserve.forms import (
    WHOLE,
    differing,
    refused,
    rendered,
    tree,
)


def test_docker_config_has_auth_beside_user_and_password() -> None:
    """One registry, with everything that any reader looks for; bound as imagePullSecrets."""
    result = rendered("dockerConfig", {"registry": "ghcr.io"}, {"username": "u", "password": "p\n"})
    assert (result.type, result.bind_to) == ("kubernetes.io/dockerconfigjson", "imagePullSecrets")
    login = {"username": "u", "password": "p", "auth": "dTpw"}
    assert bool(tree((result.data or {})[".dockerconfigjson"]) == {"auths": {"ghcr.io": login}})


@pytest.mark.parametrize(
    "login", [{"auth": "dTpw"}, {"username": "u", "password": "p"}, {"identitytoken": "t"}]
)
def test_a_whole_docker_config_is_written_as_it_is(login: dict[str, str]) -> None:
    """A configuration that can log in stays as the store has it."""
    text = '{"auths": {"ghcr.io": ' + repr(login).replace("'", '"') + "}}"
    result = rendered("dockerConfig", {"configJson": {"whole": "true"}}, {WHOLE: text + "\n"})
    assert differing(result.data, {".dockerconfigjson": text}) == []


@pytest.mark.parametrize(
    "text", ["x", "[]", "{}", '{"auths": {}}', '{"auths": {"a": {}}}', '{"auths": {"a": "b"}}']
)
def test_a_docker_config_that_cannot_log_in_is_refused(text: str) -> None:
    """No JSON object, no registry, or a registry without login."""
    found = refused("dockerConfig", {"configJson": {"whole": "true"}}, {WHOLE: text})
    assert found == [("configJson", Reason.INVALID_VALUE)]


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"configJson": {}, "registry": "ghcr.io"},
        {"registry": "u@ghcr.io"},
        {"registry": "ghcr.io", "username": "a:b"},
    ],
)
def test_docker_config_has_one_form(form: object) -> None:
    """Neither form, both forms, a login in the address or a colon in the name is an error of the mapping."""
    with pytest.raises(ValidationError):
        KINDS["dockerConfig"].part.model_validate(form)


def test_docker_config_takes_a_bare_secret_beside_a_user_name() -> None:
    """A bare payload is the password only where the user name stands in the mapping."""
    validate = KINDS["dockerConfig"].part.model_validate
    assert validate({"registry": "ghcr.io"}).inputs().whole_field is None
    assert validate({"registry": "ghcr.io", "username": "u"}).inputs().whole_field == "password"
    assert validate({"configJson": {}}).inputs().whole_field == "configJson"


def test_opaque_is_written_byte_for_byte_and_bound_to_nothing() -> None:
    """No blank is taken off, bytes may be anything, and no ServiceAccount lists it."""
    result = rendered("opaque", {"data": {"a.bin": {"property": "v"}}}, {"v": b"\xff \n"})
    assert differing(result.data, {"a.bin": b"\xff \n"}) == []
    assert result.bind_to is None
    assert refused("opaque", {"data": {"k": {}}}, {"k": ""}) == [("data.k", Reason.EMPTY_VALUE)]


@pytest.mark.parametrize("key", ["", "..", "a b", "HF_TOKEN", "https-host", "AWS_SECRET_ACCESS_KEY"])
def test_opaque_keys_look_like_no_kind(key: str) -> None:
    """A key that Kubernetes refuses, or by which KServe recognises a kind, is an error of the mapping."""
    with pytest.raises(ValidationError):
        KINDS["opaque"].part.model_validate({"data": {key: {"property": "v"}}})


def test_opaque_keys_look_like_no_kind_in_this_cluster() -> None:
    """A cluster whose KServe has other names refuses those when the Secret is rendered."""
    config = KServeConfig(s3_secret_access_key_name="password")
    found = refused("opaque", {"data": {"password": {}}}, {"password": "p"}, config=config)
    assert found == [("data.password", Reason.INVALID_VALUE)]


def test_opaque_takes_a_bare_secret_for_its_only_key() -> None:
    """A bare payload stands for the key, if there is one; no key at all is an error of the mapping."""
    validate = KINDS["opaque"].part.model_validate
    assert validate({"data": {"k": {}}}).inputs().whole_field == "data.k"
    assert validate({"data": {"k": {}, "l": {}}}).inputs().whole_field is None
    with pytest.raises(ValidationError):
        validate({"data": {}})
