"""Several files, and manifests, as one mapping."""

from __future__ import annotations

import pytest

from syncd.mapping.read import read
from tests.unit.mapping.texts import HEADER, HUB, document, mapping, said

CONFIG_MAP = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: syncd}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: syncd-mapping}
data:
  notes.txt: kind: Mapping
  other.yaml: "a: b"
  nothing.yaml:
  credentials.yaml: |

    apiVersion: syncd.dev/v1alpha1
    kind: Mapping
    mode: off
"""


def test_files_are_merged_by_name() -> None:
    """Stores, credentials and settings may stand in different files."""
    files = {"cluster.yaml": mapping(settings="mode: observe\n"), "credentials.yaml": mapping(HUB, stores="")}
    merged = document(read(files))
    assert (list(merged.stores), list(merged.credentials), merged.mode) == (["platform"], ["hub"], "observe")


def test_a_credential_in_two_files_is_refused_with_both_places() -> None:
    """A name that two files use belongs to neither, and the other credentials are not touched."""
    files = {"a.yaml": mapping(HUB), "b.yaml": mapping(HUB, stores="")}
    result = read(files)
    assert said(result) == [
        "b.yaml:4:3: credentials.hub: has a name that is taken by a.yaml:5:3; rename one of the two"
    ]
    assert list(result.refused) == ["hub"]
    assert result.document is not None
    assert result.document.credentials == {}


def test_a_store_in_two_files_is_not_accepted() -> None:
    """A store that two files define is a mistake of the whole mapping."""
    result = read({"a.yaml": mapping(), "b.yaml": mapping()})
    assert said(result) == [
        "b.yaml:3:10: stores.platform: has a name that is taken by a.yaml:3:10; rename one of the two"
    ]
    assert result.document is None


def test_a_setting_may_be_repeated_and_not_changed() -> None:
    """Two files may agree on a setting, and may not set it to different values."""
    one, same, other = (HEADER + f"mode: {mode}\n" for mode in ("paused", "paused", "enforce"))
    assert document(read({"a.yaml": one, "b.yaml": same})).mode == "paused"
    result = read({"a.yaml": one, "b.yaml": other})
    assert said(result) == ["b.yaml:3:1: mode: is set to something else at a.yaml:3:1; keep one of the two"]
    assert result.document is None


def test_a_credential_that_stands_twice_in_one_file_is_refused_alone() -> None:
    """Equal keys below `credentials` cost only that credential."""
    result = read({"m.yaml": mapping(f"{HUB}\n{HUB.replace('hub:', 'good:').replace('nlp', 'a')}\n{HUB}")})
    assert said(result) == [
        "m.yaml:7:3: credentials.hub: stands here twice; the first is at m.yaml:5:3; keep one of the two"
    ]
    assert result.document is not None
    assert list(result.document.credentials) == ["good"]


def test_manifests_are_looked_through_for_a_mapping() -> None:
    """A ConfigMap among manifests is read, its other keys and the other objects are not."""
    text = CONFIG_MAP.replace("kind: Mapping\n  other", "x\n  other")
    assert said(read({"deploy.yaml": text})) == [
        (
            "deploy.yaml:16:11: mode: must be 'enforce', 'observe' or 'paused';"
            " there are: enforce, observe, paused"
        )
    ]


@pytest.mark.parametrize(
    "style", ['"apiVersion: syncd.dev/v1alpha1\\nkind: Mapping\\nmode: off"', ">-\n    x"]
)
def test_a_text_in_quotes_is_placed_by_its_key(style: str) -> None:
    """Where lines cannot be told, the file is named with the key of the ConfigMap."""
    if style.startswith(">"):
        style = ">-\n    apiVersion: syncd.dev/v1alpha1\n\n    kind: Mapping\n\n    mode: off\n"
    text = f"apiVersion: v1\nkind: ConfigMap\ndata:\n  m.yaml: {style}\n"
    assert said(read({"cm.yaml": text}))[0].startswith("cm.yaml#m.yaml:3:7: mode: must be")


def test_a_config_map_without_data_has_no_mapping() -> None:
    """Manifests without any mapping are answered with what was looked for."""
    for data in ("", "data: x\n", "data: {a.yaml: 'x: y'}\n"):
        result = read({"cm.yaml": f"apiVersion: v1\nkind: ConfigMap\n{data}"})
        assert said(result)[0].startswith("cm.yaml:1:1: no mapping: nothing here has apiVersion")


def test_a_file_beside_manifests_is_read_too() -> None:
    """A folder of manifests and mappings is one mapping; empty files are nothing."""
    files = {
        "ns.yaml": "apiVersion: v1\nkind: Namespace\n",
        "m.yaml": mapping(HUB),
        "empty.yaml": "# later\n",
    }
    assert list(document(read(files)).credentials) == ["hub"]


def test_an_embedded_text_that_is_no_yaml_has_its_line() -> None:
    """A mistake inside a ConfigMap has the line of the manifest."""
    text = "apiVersion: v1\nkind: ConfigMap\ndata:\n  m.yaml: |\n    kind: Mapping\n    a: b: c\n"
    assert said(read({"cm.yaml": text})) == [
        "cm.yaml:6:9: is no YAML: mapping values are not allowed in this context"
    ]
