"""Which configuration applies, and what is said when none does."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from kubernetes.config import incluster_config

from syncd.kube.configuration import ConnectionSettings, locate
from syncd.model.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

CANARY = "canary-token-93"


def kubeconfig(path: Path, **parts: Any) -> str:
    """Write a kubeconfig with the contexts `a` (current) and `b`; return its path."""
    config = {
        "clusters": [{"name": name, "cluster": {"server": f"http://{name}.example"}} for name in "ab"],
        "users": [{"name": "u", "user": {"token": CANARY}}],
        "contexts": [
            {"name": "a", "context": {"cluster": "a", "user": "u"}},
            {"name": "b", "context": {"cluster": "b", "user": "u", "namespace": "mine"}},
        ],
        "current-context": "a",
    } | parts
    path.write_text(json.dumps(config))
    return str(path)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home directory without a kubeconfig."""
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home" / ".kube").mkdir(parents=True)
    return tmp_path / "home"


def test_the_flag_wins(tmp_path: Path) -> None:
    """--kubeconfig goes before KUBECONFIG and the pod."""
    flag = kubeconfig(tmp_path / "flag")
    environment = {
        "KUBECONFIG": kubeconfig(tmp_path / "env", **{"current-context": "b"}),
        "KUBERNETES_SERVICE_HOST": "10.0.0.1",
    }
    assert locate(ConnectionSettings(kubeconfig=flag), environment).client.host == "http://a.example"


def test_the_variable_is_next(tmp_path: Path) -> None:
    """KUBECONFIG goes before the pod's own account; files that are missing in it do not matter."""
    files = f"{tmp_path / 'missing'}:{kubeconfig(tmp_path / 'env')}"
    environment = {"KUBECONFIG": files, "KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    assert locate(ConnectionSettings(), environment).client.host == "http://a.example"


def test_a_context_is_chosen(tmp_path: Path) -> None:
    """--context chooses another context, and brings its namespace."""
    environment = {"KUBECONFIG": kubeconfig(tmp_path / "env")}
    located = locate(ConnectionSettings(context="b"), environment)
    assert (located.client.host, located.namespace) == ("http://b.example", "mine")


def test_the_home_directory_is_last(home: Path) -> None:
    """Without anything else, and for --context alone, ~/.kube/config applies."""
    kubeconfig(home / ".kube" / "config")
    assert locate(ConnectionSettings(), {}).client.host == "http://a.example"
    in_pod = {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}
    assert locate(ConnectionSettings(context="b"), in_pod).client.host == "http://b.example"


def test_a_pod_without_its_account(home: Path) -> None:
    """In a pod without a mounted token the message names what to look at."""
    kubeconfig(home / ".kube" / "config")
    environment = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}
    with pytest.raises(UsageError, match="automountServiceAccountToken") as caught:
        locate(ConnectionSettings(), environment)
    assert caught.value.__context__ is None


def test_nothing_is_configured() -> None:
    """Without any configuration the message lists the ways to give one."""
    with pytest.raises(
        UsageError, match="give --kubeconfig, set KUBECONFIG, run in a pod, or use --directory"
    ):
        locate(ConnectionSettings(), {})


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    """A kubeconfig that does not exist is named."""
    with pytest.raises(UsageError, match="nowhere does not exist"):
        locate(ConnectionSettings(kubeconfig=str(tmp_path / "nowhere")), {})


def test_a_context_that_is_missing(tmp_path: Path) -> None:
    """A context that does not exist is answered with those that do."""
    path = kubeconfig(tmp_path / "k")
    with pytest.raises(UsageError, match="has no context c; it has a, b"):
        locate(ConnectionSettings(kubeconfig=path, context="c"), {})


@pytest.mark.parametrize(
    "parts",
    [
        {"contexts": None},
        {"current-context": "c"},
        {"clusters": []},
        {
            "users": [
                {"name": "u", "user": {"token": CANARY, "exec": {}, "auth-provider": {"name": "oidc"}}},
                {},
            ]
        },
        {"contexts": [{"name": "a", "context": {"cluster": "none", "user": "u"}}]},
    ],
    ids=["no contexts", "no current", "no cluster", "users", "dangling"],
)
def test_an_unusable_kubeconfig(tmp_path: Path, parts: dict[str, Any]) -> None:
    """It is said which file, and never what is in it: the client's own text quotes the users."""
    path = kubeconfig(tmp_path / "k", **parts)
    with pytest.raises(UsageError, match=r"k is unusable") as caught:
        locate(ConnectionSettings(kubeconfig=path), {})
    assert (CANARY in str(caught.value), caught.value.__context__) == (False, None)


@pytest.mark.parametrize("text", ["", "- a\n", "{", "text"])
def test_a_file_that_is_no_kubeconfig(tmp_path: Path, text: str) -> None:
    """Any other file is unusable too."""
    path = tmp_path / "k"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"k is unusable"):
        locate(ConnectionSettings(kubeconfig=str(path)), {})


def test_a_pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a pod the mounted account is used, and its namespace is ours."""
    for name, text in {"token": "t", "ca.crt": "c", "namespace": "syncd\n"}.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    monkeypatch.setattr("syncd.kube.configuration._ACCOUNT_FOLDER", tmp_path)
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    located = locate(ConnectionSettings(pool_size=3))
    assert (located.client.host, located.namespace) == ("https://10.0.0.1:443", "syncd")
    assert located.client.connection_pool_maxsize == 3


def test_a_context_of_no_user_or_cluster_that_can_be_read(tmp_path: Path) -> None:
    """What breaks only when the credentials are read is unusable too, and not quoted."""
    user = {"client-certificate-data": f"%{CANARY}", "client-key-data": "%"}
    path = kubeconfig(
        tmp_path / "k",
        users=[{"name": "u", "user": user}],
        clusters=[
            {"name": "a", "cluster": {"server": "https://a.example", "certificate-authority-data": "%%%"}}
        ],
    )
    with pytest.raises(UsageError, match=r"k is unusable") as caught:
        locate(ConnectionSettings(kubeconfig=path), {})
    assert (CANARY in str(caught.value), caught.value.__context__) == (False, None)
