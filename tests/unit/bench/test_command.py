"""`ci/bench`: which parts run where, and its exit code."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from benchkit import command
from benchkit.measure import Taking
from benchkit.page import BEGIN, END
from benchkit.table import Figure, Row
from benchkit.timing import BenchError


@pytest.fixture(autouse=True)
def signals() -> Iterator[None]:
    """Leave SIGTERM as it was: the program sets what it does."""
    before = signal.getsignal(signal.SIGTERM)
    yield
    signal.signal(signal.SIGTERM, before)


def part(seconds: float, limit: float) -> Callable[[Path, Taking], list[Row]]:
    def measure(_folder: Path, taking: Taking) -> list[Row]:
        taking.loads.append(0.5)
        return [Row("work", Figure("ours", seconds), Figure("the limit", limit), 1, at_most=True)]

    return measure


@pytest.mark.parametrize(("seconds", "code"), [(1.0, 0), (1.01, 1)])
def test_a_number_that_is_not_reached_is_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, seconds: float, code: int
) -> None:
    monkeypatch.setattr(command, "ALONE", {"judge": (part(0.5, 1), part(seconds, 1))})
    assert command.main(["--only", "judge"]) == code
    assert capsys.readouterr().out.count("| the limit |") == 2, "a row of each work"


def test_a_part_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--only", "judge,judging"]) == 2
    assert "judging" in capsys.readouterr().err


def test_a_table_of_some_parts_alone_is_not_written_over_the_whole_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    page = tmp_path / "performance.md"
    page.write_text(f"{BEGIN}\n\nMeasured before.\n\n| another | ours | 1 s | them | 2 s | 0.50 | ≤ 1 | yes |\n{END}\n")
    monkeypatch.setattr(command, "PAGE", page)
    monkeypatch.setattr(command, "ALONE", {"judge": (part(1, 1),)})
    assert command.main(["--only", "judge", "--write"]) == 0
    assert "Measured before." in page.read_text()
    assert "| another |" in page.read_text()
    assert "| the limit |" in page.read_text()


class Bed:
    """A bed that notes what was done with it."""

    done: tuple[str, ...] = ()

    def __init__(self, count: int, _folder: Path) -> None:
        self.count = count

    def __getattr__(self, name: str) -> Callable[[], None]:
        def note() -> None:
            Bed.done += (f"{name} {self.count}",)

        return note


@pytest.fixture
def bed(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Bed]]:
    parts = {
        name: lambda bed, _taking, name=name: getattr(bed, name)() or [] for name in ("first", "verify", "collect")
    }
    monkeypatch.setattr(command, "Bed", Bed)
    monkeypatch.setattr(command, "ON_HOSTS", parts)
    Bed.done = ()
    yield Bed
    Bed.done = ()


def test_collecting_is_measured_in_the_largest_lab_alone_after_all_else(bed: type[Bed]) -> None:
    assert command.main(["--only", "collect,verify", "--hosts", "8,24"]) == 0
    smaller = ("renew 8", "apply 8", "verify 8", "down 8")
    assert bed.done == (*smaller, "renew 24", "apply 24", "verify 24", "collect 24", "down 24")


def test_a_lab_that_nothing_is_measured_in_is_not_brought_up(bed: type[Bed]) -> None:
    assert command.main(["--only", "collect", "--hosts", "8,24"]) == 0
    assert bed.done == ("renew 24", "apply 24", "collect 24", "down 24")


def test_the_lab_is_gone_when_a_part_fails(bed: type[Bed], monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise BenchError("no")

    monkeypatch.setattr(command, "ON_HOSTS", {"first": fails})
    assert command.main(["--only", "first", "--hosts", "2"]) == 2
    assert bed.done == ("renew 2", "down 2")
