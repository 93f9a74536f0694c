"""The golden vectors, on a real API server, by KServe's own builder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.harness.judge import PLACEHOLDER, SHIPPED_CREDENTIALS, Judge, Judgement

if TYPE_CHECKING:
    from tests.harness.apiserver import ControlPlane

GOLDEN = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "golden" / "golden.jsonl").read_text().splitlines()
]
NOT_IN_V0_19: frozenset[str] = frozenset({"M01"})
"""Vectors of a later KServe: v0.19.0 does not know MODELSCOPE_API_TOKEN."""


@pytest.mark.parametrize(
    "vector",
    [vector for vector in GOLDEN if vector["id"] not in NOT_IN_V0_19],
    ids=lambda vector: vector["id"],
)
def test_judge_reproduces_golden(
    control_plane: ControlPlane, judge: Judge, namespace: str, vector: dict[str, Any]
) -> None:
    """KServe v0.19.0's builder on a real API server answers what the golden vector says."""
    judgement = _replay(control_plane, judge, namespace, vector)
    assert bool(judgement.env == (vector["env"] or []))
    assert judgement.volume_mounts == (vector["volumeMounts"] or [])
    assert judgement.volumes == (vector["volumes"] or [])
    assert judgement.args == (vector["args"] or [])
    # Go words a JSON error differently from release to release: its tail is not KServe's.
    head, found, _ = vector["error"].partition("storage secret storage-config: json: ")
    assert judgement.error.startswith(head + found) if found else judgement.error == vector["error"]


@pytest.mark.parametrize(
    "vector", [vector for vector in GOLDEN if vector["id"] in NOT_IN_V0_19], ids=lambda vector: vector["id"]
)
def test_judge_sees_nothing_in_later_kinds(
    control_plane: ControlPlane, judge: Judge, namespace: str, vector: dict[str, Any]
) -> None:
    """A Secret of a kind that came after v0.19.0 is skipped without an error."""
    judgement = _replay(control_plane, judge, namespace, vector)
    assert (judgement.error, judgement.names()) == ("", [])


def _replay(plane: ControlPlane, judge: Judge, namespace: str, vector: dict[str, Any]) -> Judgement:
    """Makes the vector's objects in the namespace, and asks its question."""
    given = vector["input"]
    for item in given["Secrets"] or []:
        plane.create_secret(namespace, item["Name"], item["Data"], annotations=item["Annotations"])
    account = "models"
    if not given["NoSA"]:
        plane.create_service_account(
            namespace, account, secrets=given["SASecrets"] or [], annotations=given["SAAnnotations"]
        )
    config = given["Config"] or json.dumps(SHIPPED_CREDENTIALS)
    if given["Mode"] == "sa":
        return judge.service_account(namespace, account, annotations=given["PodAnnotations"], config=config)
    return judge.storage(
        namespace,
        given["Key"],
        _asked_path(given["Args"][0]),
        parameters=given["Params"],
        annotations=given["PodAnnotations"],
        config=config,
    )


def _asked_path(argument: str) -> str:
    """What was asked: the builder writes into its arguments, so a vector's input shows the answer."""
    scheme, _, path = argument.partition("://")
    if scheme == "s3":
        return path.partition("/")[2]
    return path if scheme in {PLACEHOLDER, "gs", "hdfs"} else argument
