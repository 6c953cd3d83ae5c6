"""The pages of the measures: what they show of policies, hosts and evidence is what opspact reads, places and keeps."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from opspact.compile.build import build
from opspact.ledger.events import EVENT_TYPES
from opspact.model.contract import Contract
from opspact.model.result import Collected, Spooled, parse_result
from opspact.obligations.obligation import State
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree

TOP = Path(__file__).parents[2]
FOLDER = TOP / "docs" / "measures"
MEASURES = (
    *("access", "backup", "code-tables", "data-care", "databases", "devices", "inspection", "log-review", "resources"),
    "restore",
)
HEADINGS = ["Policy", "On the host", "Evidence", "How it fails", "Limits"]

pages = pytest.mark.parametrize("name", MEASURES)


def sections(name: str) -> Mapping[str, str]:
    """Return the sections of a page by their headings."""
    _, *parts = re.split(r"^## (.+)$", (FOLDER / f"{name}.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def shown(name: str) -> list[dict[str, Any]]:
    """Return the policies that a page shows of the reference contract."""
    policies = sections(name)["Policy"].partition("\n### ")[0]
    return [each for block in blocks(policies, "yaml") for each in yaml.safe_load_all(block)]


def further_text(name: str) -> str:
    """Return what a page says of policies that the reference contract does not have."""
    return sections(name)["Policy"].partition("\n### ")[2]


def paths_put(contract: Contract, policies: set[str]) -> set[str]:
    """Return the paths that policies put on hosts."""
    return {
        step.subject
        for work in build(contract, day=date(2026, 3, 2)).values()
        for step in work.make
        if policies & {origin.policy for origin in step.origins} and step.subject.startswith("/")
    }


@pytest.fixture(scope="module")
def tree() -> Mapping[str, bytes]:
    return read_tree(TOP)


@pytest.fixture(scope="module")
def contract(tree: Mapping[str, bytes]) -> Contract:
    return resolve(tree)


def test_every_page_is_in_the_list_and_linked() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.md")) == sorted({*MEASURES, "README"})
    index = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[[^]]+\]\(([\w-]+)\.md\)", index, re.MULTILINE) == sorted(MEASURES)
    for page in ("README.md", "README.zh-CN.md", "docs/policies.md"):
        assert "measures/README.md" in (TOP / page).read_text(encoding="utf-8"), page


@pages
def test_a_page_has_the_headings_of_all(name: str) -> None:
    assert list(sections(name)) == HEADINGS


@pages
def test_the_policies_of_a_page_are_those_of_the_reference_contract(name: str, tree: Mapping[str, bytes]) -> None:
    known = [
        each
        for path, data in tree.items()
        if path.startswith("policies/") and path.endswith(".yaml")
        for each in yaml.safe_load_all(data)
    ]
    policies = shown(name)
    assert policies
    assert [each for each in policies if each not in known] == []


@pages
def test_what_a_page_names_on_hosts_is_what_is_put_there(name: str, contract: Contract) -> None:
    put = paths_put(contract, {f"{each['kind']}/{each['name']}" for each in shown(name)})
    assert set(re.findall(r"`(/[^`]+)`", sections(name)["On the host"])) == put


@pages
def test_other_policies_of_a_page_are_accepted_and_put_there_what_it_says(name: str, tree: Mapping[str, bytes]) -> None:
    text = further_text(name)
    for block in blocks(text, "yaml"):
        policy = yaml.safe_load(block)
        contract = resolve({**tree, "policies/further.yaml": block.encode()})
        put = paths_put(contract, {f"{policy['kind']}/{policy['name']}"})
        assert {*re.findall(r"`(/[^`]+)`", text)} <= put


@pages
def test_the_evidence_of_a_page_is_read_as_opspact_reads_it(name: str) -> None:
    found = [json.loads(block) for block in blocks(sections(name)["Evidence"], "json")]
    assert found
    for each in found:
        if "kind" in each:
            EVENT_TYPES[each["kind"]].from_body(each["body"], EVENT_TYPES[each["kind"]].version)
            continue
        spooled = Spooled(job=each["job"], host="app1", spool=each["spool"], sequence=each["sequence"])
        collected = Collected(datetime(2100, 1, 1, tzinfo=UTC))
        assert parse_result(json.dumps(each).encode(), spooled, collected=collected).damaged == ""


@pages
def test_a_page_says_how_obligations_stand_in_their_words(name: str) -> None:
    rows = re.findall(r"^\| (?!what |---)(.+?) \| (.+?) \| (.+?) \|$", sections(name)["How it fails"], re.MULTILINE)
    assert len(rows) > 2
    states = {state for _, obligation, _ in rows for state in re.findall(r"\*([^*]+)\*", obligation)}
    assert states <= {state.value for state in State}
    assert {State.FAILED.value, State.UNKNOWN.value} & states
    assert len(re.findall(r"^- ", sections(name)["Limits"], re.MULTILINE)) > 1
