"""The accepted mapping as texts that a later process reads again: ConfigMap `syncd-last-valid`."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from syncd.mapping.document import API_VERSION, KIND
from syncd.mapping.include import IncludedText
from syncd.mapping.read import read

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from syncd.mapping.settings import MappingDocument, Reading
    from syncd.mapping.tree import Plain
    from syncd.model.names import CredentialId

NAME: Final = "syncd-last-valid"
"""Name of the ConfigMap, in the daemon's own namespace."""

MAPPING: Final = "mapping.yaml"
INCLUDED: Final = "included.json"
ACCEPTED: Final = "accepted.json"

_MOST_EARLIER: Final = 50
_NOT_IN_YAML: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What JSON lets stand in a text, and YAML does not, or reads as a line break."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Which mapping was accepted last: `digest` of its form, `at` when (RFC 3339), `earlier` digests before.

    `instance` says whose the ConfigMap is.
    """

    instance: str
    digest: str
    at: str
    earlier: tuple[str, ...] = ()

    def followed_by(self, digest: str, at: str) -> Accepted:
        """Return the record once another mapping was accepted; the same one changes nothing."""
        if digest == self.digest:
            return self
        earlier = [each for each in (self.digest, *self.earlier) if each != digest]
        return Accepted(self.instance, digest, at, tuple(earlier[:_MOST_EARLIER]))

    def text(self) -> str:
        """Return the record as it is stored."""
        record = {"instance": self.instance, "digest": self.digest, "at": self.at, "earlier": self.earlier}
        return json.dumps(record)


def accepted_in(data: Mapping[str, str]) -> Accepted | None:
    """Return the record in a ConfigMap's data; None when there is none that can be read."""
    record = _json(data.get(ACCEPTED, ""))
    fields = [record.get(name) for name in ("instance", "digest", "at")]
    earlier = record.get("earlier")
    if not isinstance(earlier, list) or not all(isinstance(text, str) for text in (*fields, *earlier)):
        return None
    instance, digest, at = map(str, fields)
    return Accepted(instance, digest, at, tuple(map(str, earlier)))


def texts_of(document: MappingDocument) -> dict[str, str]:
    """Return the data of the ConfigMap from which a mapping in force can be read again.

    A line for each store and credential, in the order of their names, so that the same mapping is always the
    same text.
    """
    form = document.form
    of_include: dict[str, list[CredentialId]] = {}
    own: list[CredentialId] = []
    for name, credential in sorted(document.credentials.items()):
        (own if credential.include is None else of_include.setdefault(credential.include, [])).append(name)
    settings = (f"{name}: {_flow(plain)}" for name, plain in sorted(form.settings.items()))
    stores = _section("stores", ((name, plain) for name, plain in sorted(form.stores.items())))
    texts = {MAPPING: _text([*settings, *stores, *_credentials(document, own)])}
    if of_include:
        included = {name: _text(_credentials(document, names)) for name, names in sorted(of_include.items())}
        texts[INCLUDED] = json.dumps(included)
    return texts


def read_last_valid(data: Mapping[str, str]) -> Reading:
    """Read the mapping in a ConfigMap's data again; raises nothing, whatever the data is."""
    included = {
        name: IncludedText({MAPPING: text})
        for name, text in _json(data.get(INCLUDED, "")).items()
        if isinstance(text, str)
    }
    return read({f"{NAME}/{MAPPING}": data.get(MAPPING, "")}, included=included)


def _json(text: str) -> dict[str, object]:
    try:
        tree = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return tree if isinstance(tree, dict) else {}


def _credentials(document: MappingDocument, names: Iterable[CredentialId]) -> Iterator[str]:
    return _section("credentials", ((name, document.form.credentials.get(name)) for name in names))


def _section(name: str, items: Iterable[tuple[str, Plain]]) -> Iterator[str]:
    yield f"{name}:"
    for key, plain in items:
        yield f"  {key}: {_flow(plain)}"


def _text(lines: Iterable[str]) -> str:
    return "\n".join((f"apiVersion: {API_VERSION}", f"kind: {KIND}", *lines, ""))


def _flow(plain: Plain) -> str:
    """Return a tree as JSON that is YAML as well."""
    text = json.dumps(plain, ensure_ascii=False)
    return _NOT_IN_YAML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)
