"""Links lead somewhere, every page and example is found, and mappings on the pages are valid."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

import pytest
import yaml

from syncd.mapping.read import read
from syncd.mapping.settings import MappingDocument
from tests.unit.docs.pages import ROOT, Block, all_pages, anchors, blocks, links, name_of, text_of

if TYPE_CHECKING:
    from pathlib import Path

INDEX: Final = ROOT / "docs" / "README.md"
PAGES: Final = all_pages()

_HEADER: Final = "apiVersion: syncd.dev/v1alpha1\nkind: Mapping\n"


def yaml_blocks() -> list[Block]:
    """Return the YAML blocks of all pages."""
    return [block for page in PAGES for block in blocks(page) if block.language == "yaml"]


def mappings() -> list[Block]:
    """Return the YAML blocks that are a mapping, or a part of one."""
    return [
        block
        for block in yaml_blocks()
        if re.search(r"^(stores|credentials|defaults):", block.text, re.MULTILINE)
        or "kind: Mapping" in block.text
    ]


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    """Each relative link names a file of the project, and its anchor a heading there."""
    broken = []
    for link in links(page):
        if link.startswith(("https://", "http://")):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def test_the_index_leads_to_every_page() -> None:
    """Every page but a single decision is linked from the index."""
    linked = {(INDEX.parent / link.partition("#")[0]).resolve() for link in links(INDEX)}
    decisions = INDEX.parent / "decisions"
    unlinked = [
        name_of(page)
        for page in PAGES
        if page not in linked and page != INDEX and (page.parent != decisions or page.name == "README.md")
    ]
    assert unlinked == []


def test_every_example_is_mentioned() -> None:
    """Each file below config is linked or named on a page."""
    linked = {(page.parent / link.partition("#")[0]).resolve() for page in PAGES for link in links(page)}
    named = "".join(text_of(page) for page in PAGES)
    files = [path for path in sorted((ROOT / "config").rglob("*")) if path.is_file()]
    assert files
    unmentioned = [name_of(path) for path in files if path not in linked and name_of(path) not in named]
    assert unmentioned == []


@pytest.mark.parametrize("block", yaml_blocks(), ids=str)
def test_yaml_on_a_page_is_yaml(block: Block) -> None:
    """Every block that says it is YAML can be loaded."""
    assert [document for document in yaml.safe_load_all(block.text) if document]


@pytest.mark.parametrize("block", mappings(), ids=str)
def test_a_mapping_on_a_page_is_valid(block: Block) -> None:
    """Every mapping on a page is accepted without error; one of stores or credentials alone is completed."""
    text = block.text if "kind: Mapping" in block.text else _HEADER + block.text
    reading = read({name_of(block.page): text})
    assert [str(problem) for problem in reading.problems if problem.severity == "error"] == []
    assert isinstance(reading.document, MappingDocument)


def test_the_changelog_says_what_is_unreleased() -> None:
    """The changelog begins with what is not released yet, under headings of Keep a Changelog."""
    headings = re.findall(r"^(#{2,3}) (.+)$", text_of(ROOT / "CHANGELOG.md"), re.MULTILINE)
    assert headings[0] == ("##", "[Unreleased]")
    allowed = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert {title for marks, title in headings if marks == "###"} <= allowed


def test_security_begins_with_what_matters_most() -> None:
    """The first sentence of the security page is about who may edit the mapping."""
    first = text_of(ROOT / "docs" / "security.md").split("\n\n")[1]
    assert first.startswith("**Whoever can edit the mapping can read every secret")


def test_the_rights_that_are_explained_are_those_of_the_guide() -> None:
    """The table of rights names exactly the resources and verbs of the install guide's manifest."""
    (manifest,) = [
        block.text
        for block in blocks(ROOT / "docs" / "guides" / "install.md")
        if block.text.startswith("# rbac.yaml")
    ]
    granted = {
        (resource, verb)
        for one in yaml.safe_load_all(manifest)
        for rule in one.get("rules", ())
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    page = text_of(ROOT / "docs" / "security.md")
    table = page.partition("\n## Rights in the cluster\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\w+)[^|]* \| ([a-z, ]+) \| (.*) \|$", table, re.MULTILINE)
    explained = {
        (resource, verb)
        for resource, verbs, _ in rows
        if resource != "resource"
        for verb in verbs.split(", ")
    }
    # Told beside the verb that goes with it, since it can be left out.
    assert explained | {("serviceaccounts", "create")} == granted
    assert "`create` besides for `createServiceAccounts`" in table
