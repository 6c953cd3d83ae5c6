"""A kind of policy has one name in every layer: who knows the word finds its files."""

from pathlib import Path

import pytest

from opspact.model.policy_index import KEEPS_NO_CLAUSE
from opspact.schema.kinds import KINDS

TOP = Path(__file__).parents[2]
SOURCES = TOP / "src" / "opspact"
MODEL = {
    "calendar": "model/time/calendar.py",  # arithmetic on it is most of what it is
    "contract": "model/contract.py",  # it is the model
}
"""What the model of a kind is where it is not one file of `model/policies`."""


def stems(folder: Path) -> set[str]:
    return {path.stem for path in folder.glob("*.py")} - {"__init__"}


def test_the_folders_of_kinds_hold_nothing_else() -> None:
    assert stems(SOURCES / "schema/documents") == set(KINDS)
    assert stems(SOURCES / "model/policies") == set(KINDS) - set(MODEL)
    assert {path.stem for path in (TOP / "docs/reference/kinds").glob("*.md")} == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_written_meant_and_resolved_in_files_of_its_name(kind: str) -> None:
    assert KINDS[kind].__module__ == f"opspact.schema.documents.{kind}"
    assert (SOURCES / MODEL.get(kind, f"model/policies/{kind}.py")).is_file()
    assert f"def resolve_{kind}(" in (SOURCES / f"resolve/{kind}.py").read_text(encoding="utf-8") or kind == "contract"


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_that_keeps_clauses_is_compiled_in_a_file_of_its_name(kind: str) -> None:
    assert (SOURCES / f"compile/{kind}.py").is_file() == (kind not in KEEPS_NO_CLAUSE)
