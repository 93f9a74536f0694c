"""What the flags of a command say together."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncd.cli.flags import target
from syncd.model.errors import UsageError


def test_instance_of_a_file() -> None:
    """With -f the instance is syncd, whatever the namespace."""
    assert target(["m.yaml"], namespace="team").cluster().instance == "syncd"


def test_instance_of_a_config_map() -> None:
    """Without -f the instance is the namespace of the mapping's ConfigMap, so that two installs differ."""
    assert target(None, namespace="team").cluster().instance == "team"


def test_instance_that_is_given() -> None:
    """A given instance counts."""
    assert target(["m.yaml"], instance="blue").cluster().instance == "blue"


@pytest.mark.parametrize("name", ["Upper", "a" * 51, "-a", "a_b", "a."])
def test_instance_must_be_a_label(name: str) -> None:
    """An instance that could not be part of an annotation's name is a usage error."""
    with pytest.raises(UsageError, match="DNS label"):
        target(None, instance=name).cluster()


def test_directory_stands_for_a_cluster() -> None:
    """A directory together with a kubeconfig or a context is a usage error."""
    with pytest.raises(UsageError, match="--directory"):
        target(None, directory=Path("here"), context="staging").cluster()
