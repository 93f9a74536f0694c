"""What may name a secret of AWS, and which version is meant."""

from __future__ import annotations

import uuid

import pytest

from syncd.model.errors import StoreMisconfigured
from syncd.model.secret import SecretRef, StoreName
from syncd.stores.aws.names import name_in, wanted, without_suffix

REGION = "eu-west-1"
ARN = "arn:aws:secretsmanager:eu-west-1:111122223333:secret:prod/db-AbCdEf"
STORE = StoreName("cloud")


@pytest.mark.parametrize(
    "secret",
    [
        "a",
        "prod/hugging-face",
        "/_+=.@-",
        "a" * 512,
        ARN,
        ARN.removesuffix("-AbCdEf"),
        "arn:aws-cn:secretsmanager:eu-west-1:111122223333:secret:a-AbCdEf",
        "arn:aws-us-gov:secretsmanager:eu-west-1:111122223333:secret:a-AbCdEf",
    ],
)
def test_names(secret: str) -> None:
    """Names and ARNs, whole and without their suffix, are sent as they are written."""
    each = wanted(SecretRef(STORE, secret), REGION)
    assert (each.id, each.pinned, each.version_id, each.stage) == (secret, False, None, None)


@pytest.mark.parametrize(
    "secret",
    [
        "",
        " ",
        "a b",
        "a:b",
        "a\n",
        "ä",
        "a" * 513,
        "arn:aws:s3:::bucket",
        "arn:aws:secretsmanager:eu-west-1::secret:a",
        "arn:aws:secretsmanager:eu-west-1:111122223333:secret:a b",
        "arn:aws:secretsmanager:us-east-1:111122223333:secret:a-AbCdEf",
    ],
)
def test_no_names(secret: str) -> None:
    """What can be no secret here is refused before anything is asked."""
    with pytest.raises(StoreMisconfigured):
        wanted(SecretRef(STORE, secret), REGION)


def test_another_region_is_named() -> None:
    """An ARN of another region is told with both regions."""
    with pytest.raises(StoreMisconfigured, match=r"is in region eu-west-1, this store in us-east-1"):
        wanted(SecretRef(STORE, ARN), "us-east-1")


@pytest.mark.parametrize(
    "version", [str(uuid.UUID(int=1)), "terraform-20260101000000000000000001", "0" * 32, "Z" * 64]
)
def test_version_ids(version: str) -> None:
    """32 to 64 letters, digits and dashes are a version's id."""
    each = wanted(SecretRef(STORE, "a", version), REGION)
    assert (each.version_id, each.stage) == (version, None)


@pytest.mark.parametrize(
    "version", ["AWSCURRENT", "AWSPENDING", "blue", "7", "0" * 31, "0" * 65, "a_" * 20, "s" * 256]
)
def test_stages(version: str) -> None:
    """Every other text of up to 256 characters is a stage."""
    each = wanted(SecretRef(STORE, "a", version), REGION)
    assert (each.version_id, each.stage) == (None, version)


@pytest.mark.parametrize("version", ["", "s" * 257])
def test_no_versions(version: str) -> None:
    """What can be neither is refused."""
    with pytest.raises(StoreMisconfigured, match="neither an id"):
        wanted(SecretRef(STORE, "a", version), REGION)


def test_parts_of_an_arn() -> None:
    """The name in an ARN is found with its suffix and without, and a name has no ARN in it."""
    assert name_in(ARN) == "prod/db-AbCdEf"
    assert without_suffix(name_in(ARN)) == "prod/db"
    assert without_suffix("prod/db") == "prod/db"
    assert name_in("prod/db") == ""


@pytest.mark.parametrize(
    ("secret", "resource"),
    [("prod/db", "arn:aws:secretsmanager:eu-west-1:*:secret:prod/db-??????"), (ARN, ARN)],
)
def test_the_resource_of_a_policy(secret: str, resource: str) -> None:
    """A name is told as a policy has it: with six characters that nobody knows beforehand."""
    assert wanted(SecretRef(STORE, secret), REGION).resource(REGION) == resource
