"""The reference in docs/reference is what the code says now. `ci/test --accept` writes it anew."""

import json
import os
import re
from pathlib import Path

import pytest
import referencekit

from opspact.cli.candidates import TABLE
from opspact.schema.kinds import KINDS

TOP = Path(__file__).parents[2]
POLICIES = sorted([*(TOP / "policies").rglob("*.yaml"), *(TOP / "runbooks").rglob("*.yaml")])
LINK = re.compile(r"\]\((?!https?://|#)(?P<path>[^)#\s]+)?(?:#(?P<heading>[^)\s]+))?\)")


def test_it_is_current() -> None:
    wanted = referencekit.pages()
    if os.environ.get("OPSPACT_ACCEPT") == "1":
        referencekit.write()
    there = {
        path.relative_to(referencekit.FOLDER).as_posix(): path.read_text(encoding="utf-8")
        for path in referencekit.FOLDER.rglob("*")
        if path.is_file()
    }
    assert sorted(there) == sorted(wanted), "run ci/reference"
    assert [path for path, text in wanted.items() if there[path] != text] == [], "run ci/reference"
    assert TABLE.read_text(encoding="utf-8") == referencekit.completion_table(), "run ci/reference"


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.relative_to(TOP).as_posix())
def test_editors_find_the_schema_of_every_policy(path: Path) -> None:
    first = path.read_text(encoding="utf-8").splitlines()[0]
    target = path.parent / first.removeprefix("# yaml-language-server: $schema=")
    assert first.startswith("# yaml-language-server: $schema=")
    assert set(json.loads(target.read_text(encoding="utf-8"))["properties"]["kind"]["enum"]) == set(KINDS)


def test_editors_find_the_schema_of_documents_behind_the_first_one() -> None:
    schemas = json.loads((TOP / ".vscode" / "settings.json").read_text(encoding="utf-8"))["yaml.schemas"]
    ((schema, patterns),) = schemas.items()
    assert (TOP / schema).is_file()
    assert sorted(path for pattern in patterns for path in TOP.glob(pattern)) == POLICIES


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_the_guide_tells_of_every_kind_once(kind: str) -> None:
    pages = (TOP / "docs" / "policies").glob("*.md")
    assert sum(page.read_text(encoding="utf-8").splitlines().count(f"## {kind}") for page in pages) == 1


def documents() -> list[Path]:
    return sorted([*TOP.glob("*.md"), *(TOP / "docs").rglob("*.md")])


@pytest.mark.parametrize("page", documents(), ids=lambda path: path.relative_to(TOP).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in LINK.finditer(text):
        target = page.parent / link["path"] if link["path"] else page
        assert target.exists(), link[0]
        if link["heading"] and target.suffix == ".md":
            assert link["heading"] in headings(target), link[0]


def headings(page: Path) -> set[str]:
    """Return the names by which a page's headings are linked, as GitHub makes them."""
    found = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in found}
