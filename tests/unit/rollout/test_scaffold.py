"""The contract to begin with does not rot: begun on any day, it is in order on that day and until its last weeks."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.compile.build import build
from opspact.errors import OperationFailed, Refused
from opspact.model.finding import Severity
from opspact.resolve.contract import resolve
from opspact.rollout.scaffold import add_files, starter


@pytest.mark.parametrize(
    "begun", [date(2026, 11, 24), date(2028, 2, 29), date(2031, 12, 31), date(2046, 1, 1)], ids=str
)
@pytest.mark.parametrize("later", [0, 100, 320], ids=lambda days: f"after-{days}-days")
def test_it_is_in_order_whenever_it_was_begun(begun: date, later: int) -> None:
    tree = {path: text.encode() for path, text in starter(begun).items()}
    contract = resolve(tree)
    day = begun + timedelta(days=later)

    assert contract.period.first <= day <= contract.period.last
    assert [found.message for found in analyse(RuleContext(contract, day)) if found.severity is not Severity.NOTE] == []
    assert build(contract, day=day)["localhost"].make


def test_no_mark_is_left_unfilled() -> None:
    assert [path for path, text in starter(date(2026, 3, 2)).items() if "@FIRST@" in text or "@LAST@" in text] == []


def test_its_ignored_files_are_those_of_opspact() -> None:
    assert ".opspact/" in starter(date(2026, 3, 2))[".gitignore"]


def test_files_are_added_beside_others_and_none_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("theirs")
    add_files({"policies/new.yaml": b"a", "files/b": b"\xff"}, tmp_path)
    assert (tmp_path / "files/b").read_bytes() == b"\xff"
    with pytest.raises(Refused, match="there"):
        add_files({"other": b"x", "there": b"ours"}, tmp_path)
    assert ((tmp_path / "there").read_text(), (tmp_path / "other").exists()) == ("theirs", False)
    with pytest.raises(OperationFailed):
        add_files({"first": b"x", "there/below": b"y"}, tmp_path)
    assert not (tmp_path / "first").exists()
