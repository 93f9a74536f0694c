"""What the stateful test writes: a mapping, its entries, and what somebody does to the cluster."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

NAMESPACES = ("n1", "n2")
ACCOUNTS = ("default", "models")
CREDENTIALS = st.sampled_from(["a", "b", "c"])
SECRETS = st.sampled_from(["a", "b", "x"])
NAMES = st.sampled_from(NAMESPACES)
ACCOUNT = st.sampled_from(ACCOUNTS)
KINDS = st.sampled_from(["s3", "s3", "huggingFace", "opaque", "role", "dockerConfig"])
SELECTED = "syncd.dev/models"
HEAD = """
apiVersion: syncd.dev/v1alpha1
kind: Mapping
stores: {vault: {file: {directory: /nowhere}}}
"""


@dataclass(frozen=True)
class Entry:
    """One credential as its team writes it; `path` is its own in the store, and stays with it."""

    path: str
    kind: str
    namespaces: tuple[str, ...] | None
    secret: str
    accounts: tuple[str, ...]
    key: str | None
    policy: str
    adopt: bool = False
    suspend: bool = False
    typo: bool = False
    renamed_from: str | None = None

    @property
    def bound(self) -> tuple[str, ...]:
        """The ServiceAccounts that it asks for."""
        return () if self.kind == "opaque" else self.accounts

    @property
    def entry(self) -> str | None:
        """The key of its entry."""
        return self.key if self.kind == "s3" else None

    def tree(self) -> dict[str, Any]:
        """Return it as the mapping has it."""
        target: dict[str, Any] = {"namespaceSelector": {"matchLabels": {SELECTED: "true"}}}
        if self.namespaces is not None:
            target = {"namespaces": list(self.namespaces)}
        if self.bound:
            target["serviceAccounts"] = list(self.bound)
        forms: dict[str, Any] = {
            "s3": {"endpoint": f"https://{self.path}.example", "region": "eu-west-1"},
            "huggingFace": {},
            "opaque": {"data": {"k": {"property": "token"}}},
            "dockerConfig": {"registry": "r.example"},
        }
        tree: dict[str, Any] = {"deletionPolicy": {"whenUnmapped": self.policy}, "suspend": self.suspend}
        if self.kind == "role":
            role = f"arn:aws:iam::111122223333:role/{self.path}"
            tree |= {"s3": {"roleArn": role, "region": "eu-west-1"}}
            target["serviceAccounts"] = list(self.accounts or ("models",))
        else:
            tree |= {self.kind: forms[self.kind], "from": {"store": "vault", "secret": self.path}}
            target |= {"secret": self.secret, "adopt": self.adopt}
            if self.entry is not None:
                target["storageConfig"] = {"key": self.entry, "bucket": "b"}
        if self.typo:
            tree["oops"] = True
        if self.renamed_from is not None:
            tree["renamedFrom"] = self.renamed_from
        return tree | {"to": [target]}


@st.composite
def entries(draw: st.DrawFn, path: str = "") -> Entry:
    """Return what a team may write."""
    return Entry(
        path=path,
        kind=draw(KINDS),
        namespaces=draw(
            st.one_of(st.none(), st.lists(NAMES, min_size=1, max_size=2, unique=True).map(tuple))
        ),
        secret=draw(SECRETS),
        accounts=draw(st.lists(ACCOUNT, min_size=1, max_size=2, unique=True).map(tuple)),
        key=draw(st.sampled_from([None, "k1", "k2"])),
        policy=draw(st.sampled_from(["Retain", "Delete", "Delete"])),
        adopt=draw(st.integers(0, 5)) == 0,
    )


@dataclass(frozen=True)
class Deed:
    """What somebody else does, and where."""

    what: int
    namespace: str
    name: str
    account: str
    where: str
    to: str
    key: str
    kind: str


TAKING_AWAY = {1, 3}
DEEDS = st.builds(
    Deed,
    what=st.sampled_from([0, 1, 2, 3, 4, 5, 5, 5, 6, 7, 8, 9]),
    namespace=NAMES,
    name=SECRETS,
    account=ACCOUNT,
    where=NAMES,
    to=SECRETS,
    key=st.sampled_from(["k1", "k2", "theirs"]),
    kind=st.sampled_from(["s3", "hub", "docker", "controlled"]),
)


@dataclass
class Team:
    """The mapping as it is written, and where in the store each credential is."""

    entries: dict[str, Entry] = field(default_factory=dict)
    paths: int = 0

    def text(self) -> str:
        """Return the mapping."""
        body = {name: entry.tree() for name, entry in self.entries.items()}
        limits = {"removals": 1000, "reshapes": 1000}
        return HEAD + f"limits: {json.dumps(limits)}\ncredentials: {json.dumps(body)}\n"
