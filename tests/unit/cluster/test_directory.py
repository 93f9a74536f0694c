"""What only a directory has: modes, hands that edit, a Git work tree around it, placeholders, a lock."""

from __future__ import annotations

import fcntl
import os
import traceback
from typing import TYPE_CHECKING

import pytest
import yaml

from syncd.cluster.directory.cluster import DirectoryCluster
from syncd.cluster.directory.files import Files
from syncd.cluster.directory.layout import Layout
from syncd.cluster.directory.lock import LOCK_FILE, locked
from syncd.cluster.directory.requests import FileRequests
from syncd.cluster.interface import Scope
from syncd.model.errors import ClusterUnreachable, UsageError
from syncd.model.names import Instance, ObjectRef
from syncd.model.reasons import Reason
from syncd.testing.cluster import CANARY, DIGEST_KEY
from syncd.testing.cluster.subject import (
    account,
    bind,
    look,
    look_at,
    look_at_account,
    rejected,
    secret,
    value,
    wanted,
    written,
)

if TYPE_CHECKING:
    from pathlib import Path

    from syncd.cluster.directory.files import Values
    from syncd.testing.cluster import Subject


def open_directory(root: Path, values: Values = "real", timeout: float = 30) -> DirectoryCluster:
    """Open a directory as the instance `contract`."""
    return DirectoryCluster(
        root,
        instance=Instance("contract"),
        kserve_namespace="kserve",
        digest_key=DIGEST_KEY,
        timeout=timeout,
        values=values,
    )


def test_modes(subject: Subject, tmp_path: Path) -> None:
    """Folders are for us only, files too, and an update keeps it so."""
    want = wanted(ObjectRef(subject.world.namespace(), "models"))
    written(subject.cluster.create_secret(want))
    path = tmp_path / want.ref.namespace / "secrets" / "models.yaml"
    path.chmod(0o644)
    written(subject.cluster.update_secret(wanted(want.ref, key="3"), look_at(subject, want.ref)))
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_no_other_files_are_left(subject: Subject, tmp_path: Path) -> None:
    """A write leaves its file and nothing else, also when it is rejected."""
    want = wanted(ObjectRef(subject.world.namespace(), "models"))
    written(subject.cluster.create_secret(want))
    rejected(subject.cluster.create_secret(want), Reason.CONFLICT, again=True)
    assert [path.name for path in (tmp_path / want.ref.namespace / "secrets").iterdir()] == ["models.yaml"]


def test_what_a_killed_process_left_is_not_written_through(subject: Subject, tmp_path: Path) -> None:
    """A temporary file that is still the same file as its target does no harm to it."""
    want = wanted(ObjectRef(subject.world.namespace(), "models"))
    written(subject.cluster.create_secret(want))
    folder = tmp_path / want.ref.namespace / "secrets"
    os.link(folder / "models.yaml", folder / ".syncd.tmp")
    other = wanted(ObjectRef(want.ref.namespace, "other"), key="3")
    written(subject.cluster.create_secret(other))
    assert look_at(subject, want.ref).data == {
        key: item.digest(DIGEST_KEY) for key, item in want.data.items()
    }


def test_an_edit_by_hand_moves_the_object(subject: Subject, tmp_path: Path) -> None:
    """Whoever saves the file is another writer, though no resourceVersion is in it."""
    want = wanted(ObjectRef(subject.world.namespace(), "models"))
    written(subject.cluster.create_secret(want))
    have = look_at(subject, want.ref)
    path = tmp_path / want.ref.namespace / "secrets" / "models.yaml"
    manifest = yaml.safe_load(path.read_text())
    assert not {"uid", "resourceVersion"} & manifest["metadata"].keys()
    path.write_text(path.read_text() + "# by hand\n")
    rejected(subject.cluster.update_secret(wanted(want.ref, key="3"), have), Reason.CONFLICT, again=True)


def test_an_exported_manifest_keeps_its_uid(subject: Subject) -> None:
    """What was saved from a cluster has a uid; its resourceVersion means nothing here."""
    ref = ObjectRef(subject.world.namespace(), "models")
    manifest = secret(ref, {"a": value("f")})
    manifest["metadata"] |= {"uid": "7", "resourceVersion": "123"}
    subject.world.put("secrets", manifest)
    have = look_at(subject, ref)
    assert have.uid == "7"
    assert have.resource_version != "123"
    assert written(subject.cluster.update_secret(wanted(ref), have)).uid == "7"


def test_a_value_that_is_no_base64_is_drift(subject: Subject) -> None:
    """A damaged value equals nothing, is repaired in ours, and left alone in others' keys."""
    want = wanted(ObjectRef(subject.world.namespace(), "models"))
    written(subject.cluster.create_secret(want))
    subject.world.patch("secrets", want.ref, {"data": {"AWS_SECRET": "%%%"}})
    have = look_at(subject, want.ref)
    assert have.data["AWS_SECRET"] == "undecodable"
    assert have.sizes["AWS_SECRET"] == 3
    written(subject.cluster.update_secret(want, have))
    assert look_at(subject, want.ref).data["AWS_SECRET"] == want.data["AWS_SECRET"].digest(DIGEST_KEY)


@pytest.mark.parametrize(
    ("folder", "text", "says"),
    [
        ("secrets", f"data: {{a: {CANARY}", "is not one YAML document"),
        ("secrets", f"- {CANARY}", "is not one YAML document"),
        ("secrets", f"kind: Secret\n---\nkind: {CANARY}", "is not one YAML document"),
        ("secrets", f"kind: ConfigMap\ndata: {{a: {CANARY}}}", "is not of kind Secret"),
        ("secrets", f"kind: Secret\nmetadata: {CANARY}", "has no object as metadata"),
        ("secrets", f"kind: Secret\ndata: {{a: [{CANARY}]}}", "has something else than texts in data"),
        (
            "secrets",
            f"kind: Secret\nstringData: {{a: 1, b: {CANARY}}}",
            "has something else than texts in stringData",
        ),
        ("secrets", "kind: Secret\nmetadata: {annotations: {a: true}}", "metadata.annotations; put"),
        ("secrets", "kind: Secret\nmetadata: {labels: [a]}", "metadata.labels; put"),
        ("serviceaccounts", "kind: ServiceAccount\nsecrets: {name: a}", "else than objects in its lists"),
        ("serviceaccounts", "kind: ServiceAccount\nimagePullSecrets: [a]", "else than objects in its lists"),
        ("", "kind: Secret", "is not of kind Namespace"),
    ],
)
def test_a_file_that_is_no_manifest(
    subject: Subject, tmp_path: Path, folder: str, text: str, says: str
) -> None:
    """The file and what is wrong are named; nothing of it is quoted, not even by a traceback with locals."""
    namespace = subject.world.namespace()
    path = tmp_path / namespace / (f"{folder}/broken.yaml" if folder else "namespace.yaml")
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    with pytest.raises(ClusterUnreachable, match=says) as caught:
        subject.cluster.observe(Scope(frozenset(), frozenset(), frozenset()), subject.cluster.survey())
    error = caught.value
    assert str(path) in str(error)
    assert error.__context__ is None
    inner = error.__traceback__.tb_next if error.__traceback__ else None
    shown = "".join(traceback.TracebackException(type(error), error, inner, capture_locals=True).format())
    assert (CANARY in shown) is False


def test_a_config_map_of_numbers(subject: Subject, tmp_path: Path) -> None:
    """A ConfigMap holds texts only, as an API server would have it."""
    namespace = subject.world.namespace()
    (tmp_path / namespace / "configmaps").mkdir()
    (tmp_path / namespace / "configmaps" / "c.yaml").write_text("kind: ConfigMap\ndata: {a: 1}")
    with pytest.raises(ClusterUnreachable, match=r"c\.yaml has something else than texts in data"):
        subject.cluster.read_config_map(namespace, "c")


def test_what_is_no_object_is_passed_over(subject: Subject, tmp_path: Path) -> None:
    """Hidden folders, other files, names that Kubernetes would refuse and what just went are not read."""
    namespace = subject.world.namespace()
    (tmp_path / ".git-like").mkdir()
    (tmp_path / "README.md").write_text("hello")
    (tmp_path / namespace / "secrets").mkdir()
    (tmp_path / namespace / "secrets" / "notes.txt").write_text("hello")
    (tmp_path / namespace / "secrets" / ".models.yaml.swp").write_text("hello")
    (tmp_path / namespace / "secrets" / "Upper.yaml").write_text("hello")
    for folder in ("secrets", "serviceaccounts"):
        (tmp_path / namespace / folder).mkdir(exist_ok=True)
        (tmp_path / namespace / folder / "gone.yaml").symlink_to("nowhere")
    assert ".git-like" not in subject.cluster.survey().namespaces
    assert look(subject) == {}


@pytest.mark.parametrize(
    "ref", [ObjectRef("ns", "../up"), ObjectRef("ns", ".."), ObjectRef("../up", "a"), ObjectRef("", "a")]
)
def test_a_name_never_leaves_the_directory(subject: Subject, ref: ObjectRef) -> None:
    """A name that is none in Kubernetes does not become a path."""
    with pytest.raises(ClusterUnreachable, match="is not the name of"):
        subject.cluster.read_secret(ref.namespace, ref.name)


def test_namespaces_have_labels_from_their_file(subject: Subject, tmp_path: Path) -> None:
    """`namespace.yaml` gives labels and annotations; the name's own label is always there."""
    namespace = subject.world.namespace()
    (tmp_path / namespace / "namespace.yaml").write_text(
        "kind: Namespace\nmetadata: {labels: {team: recsys}, annotations: {a: b}}"
    )
    seen = subject.cluster.survey().namespaces[namespace]
    assert dict(seen.labels) == {"team": "recsys", "kubernetes.io/metadata.name": namespace}
    assert dict(seen.annotations) == {"a": "b"}


def test_an_account_keeps_its_other_fields(subject: Subject) -> None:
    """A bound ServiceAccount keeps every field that is not ours."""
    ref = ObjectRef(subject.world.namespace(), "models")
    subject.world.put("serviceaccounts", account(ref, automountServiceAccountToken=False))
    written(subject.cluster.patch_account(ref, bind("a"), look_at_account(subject, ref)))
    manifest = subject.world.get("serviceaccounts", ref)
    assert manifest is not None
    assert (manifest["automountServiceAccountToken"], manifest["secrets"]) == (False, [{"name": "a"}])


def test_a_patch_that_changes_nothing_leaves_the_file(subject: Subject, tmp_path: Path) -> None:
    """A patch whose result is what is there does not write the file again."""
    ref = ObjectRef(subject.world.namespace(), "models")
    subject.world.put("serviceaccounts", account(ref, secrets=[{"name": "a"}]))
    have = look_at_account(subject, ref)
    path = tmp_path / ref.namespace / "serviceaccounts" / "models.yaml"
    before = path.stat()
    files = Files(Layout(tmp_path), digest_key=DIGEST_KEY, values="real")
    requests = FileRequests(files, timeout=30, before=lambda: None)
    patch = {
        "metadata": {"uid": have.uid, "resourceVersion": have.resource_version},
        "secrets": [{"name": "a"}],
    }
    assert written(requests.patch("serviceaccounts", ref, patch)).resource_version == have.resource_version
    assert path.stat() == before


def test_a_path_that_is_no_directory(tmp_path: Path) -> None:
    """A directory that does not exist is a mistake of the command line."""
    with pytest.raises(UsageError, match="is not a directory; make it"):
        open_directory(tmp_path / "missing")


@pytest.mark.parametrize("marker", ["folder", "file"])
def test_a_git_work_tree_is_refused(tmp_path: Path, marker: str) -> None:
    """Real values are not written below a `.git`, folder or file, also through a link from outside."""
    tree = tmp_path / "tree"
    (tree / "deep" / "ns").mkdir(parents=True)
    (tree / ".git").mkdir() if marker == "folder" else (tree / ".git").write_text("gitdir: elsewhere")
    (tmp_path / "link").symlink_to(tree / "deep")
    cluster = open_directory(tmp_path / "link")
    assert set(cluster.survey().namespaces) == {"ns"}
    with pytest.raises(UsageError, match="inside the Git work tree"):
        cluster.prepare_writing()
    with pytest.raises(UsageError, match="inside the Git work tree"):
        cluster.create_secret(wanted(ObjectRef("ns", "models")))
    assert list((tree / "deep" / "ns").iterdir()) == []


def test_placeholders(tmp_path: Path) -> None:
    """With hidden values a review copy may lie in Git; it holds no value, and cannot be synced again."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "ns").mkdir()
    cluster = open_directory(tmp_path, "hidden")
    written(cluster.create_secret(wanted(ObjectRef("ns", "models"))))
    manifest = yaml.safe_load((tmp_path / "ns" / "secrets" / "models.yaml").read_text())
    assert manifest["data"] == {"AWS_ACCESS_KEY_ID": "KGhpZGRlbik=", "AWS_SECRET": "KGhpZGRlbik="}
    for values in ("real", "hidden"):
        with pytest.raises(UsageError, match="holds placeholders"):
            open_directory(tmp_path, values)


def test_placeholders_do_not_replace_values(tmp_path: Path) -> None:
    """A directory with real values of ours does not get placeholders; others' Secrets do not matter."""
    (tmp_path / "ns" / "secrets").mkdir(parents=True)
    (tmp_path / "ns" / "secrets" / "foreign.yaml").write_text("kind: Secret")
    written(open_directory(tmp_path).create_secret(wanted(ObjectRef("ns", "models"))))
    with pytest.raises(UsageError, match="holds real values"):
        open_directory(tmp_path, "hidden").create_secret(wanted(ObjectRef("ns", "other")))


def test_a_directory_that_another_process_holds(subject: Subject, tmp_path: Path) -> None:
    """A writer waits for the lock, and then says who has it."""
    namespace = subject.world.namespace()
    cluster = open_directory(tmp_path, timeout=0.1)
    descriptor = os.open(tmp_path / LOCK_FILE, os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    with pytest.raises(ClusterUnreachable, match="held by another process"):
        cluster.create_secret(wanted(ObjectRef(namespace, "models")))
    os.close(descriptor)
    written(cluster.create_secret(wanted(ObjectRef(namespace, "models"))))


def test_a_lock_that_cannot_be_made(tmp_path: Path) -> None:
    """Without a lock nothing is written."""
    (tmp_path / LOCK_FILE).mkdir()
    with pytest.raises(ClusterUnreachable, match="cannot be made"), locked(tmp_path, timeout=1):
        pass


def test_what_cannot_be_read_or_written(subject: Subject, tmp_path: Path) -> None:
    """A file that is a folder, and a folder that is a file, are named."""
    namespace = subject.world.namespace()
    (tmp_path / namespace / "secrets" / "models.yaml").mkdir(parents=True)
    with pytest.raises(ClusterUnreachable, match=r"models\.yaml cannot be read: Is a directory"):
        subject.cluster.read_secret(namespace, "models")
    other = subject.world.namespace()
    (tmp_path / other / "secrets").write_text("")
    with pytest.raises(ClusterUnreachable, match=r"models\.yaml cannot be written"):
        subject.cluster.create_secret(wanted(ObjectRef(other, "models")))
