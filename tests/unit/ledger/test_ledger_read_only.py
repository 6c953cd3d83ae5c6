"""Ledgers in folders that may not be written: they are read, nothing is passed over, and writing there is refused."""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ledgers import append

from opspact.errors import LedgerBusy, NothingFound, OpspactError
from opspact.ledger.event import Entry, SealedEvent
from opspact.ledger.store import open_ledger
from opspact.ledger.verify import verify

Fill = Callable[..., list[SealedEvent]]


@pytest.fixture
def foreign_folder() -> Iterator[Path]:
    """Yield a folder that an unprivileged user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="opspact-ledger-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def attempt_as_nobody(work: Callable[[], object]) -> str:
    """Run work in a forked child without rights; return the name of the error of ours that it raised, and its words."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        said = "nothing was raised"
        try:
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            work()
        except OpspactError as error:
            said = f"{type(error).__name__}: {error}"
        except BaseException as error:  # noqa: BLE001 - a forked child must not return into pytest
            said = repr(error)
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        said = answer.read()
    os.waitpid(child, 0)
    return said


def test_a_ledger_that_may_not_be_written_is_said_so(
    foreign_folder: Path, fill: Fill, make_entry: Callable[..., Entry]
) -> None:
    file = foreign_folder / "ledger.sqlite"
    fill(file, 1)
    for path in foreign_folder.iterdir():
        path.chmod(0o444)
    foreign_folder.chmod(0o555)

    said = attempt_as_nobody(lambda: append(open_ledger(file), make_entry()))

    assert said.startswith(f"LedgerUnavailable: the ledger {file} cannot be used: ")


def test_a_folder_that_cannot_be_made_is_said_so(foreign_folder: Path) -> None:
    foreign_folder.chmod(0o555)

    said = attempt_as_nobody(lambda: open_ledger(foreign_folder / "state" / "ledger.sqlite"))

    assert "LedgerUnavailable: " in said
    assert said.endswith("cannot be used: Permission denied")


def locked_away(folder: Path) -> None:
    """Make a folder and what is in it readable for all, and writable for nobody."""
    for path in folder.iterdir():
        path.chmod(0o444)
    folder.chmod(0o555)


def told_of(work: Callable[[], object]) -> None:
    """Raise what work returns, so that `attempt_as_nobody` says it."""
    raise NothingFound(f"it returned {work()}")


def test_a_ledger_in_a_folder_that_is_read_only_is_read(foreign_folder: Path, fill: Fill) -> None:
    file = foreign_folder / "ledger # 100%?.sqlite"
    fill(file, 3)
    locked_away(foreign_folder)

    def read() -> tuple[int, int]:
        with open_ledger(file, create=False) as ledger:
            ledger.check_end()
            return verify(ledger).count, len(list(ledger.sealed()))

    assert attempt_as_nobody(lambda: told_of(read)) == "NothingFound: it returned (3, 3)"


@pytest.mark.parametrize(
    ("left", "said"), [("-wal -shm", "NothingFound: it returned 3"), ("-wal", "LedgerUnreadable: ")]
)
def test_what_waits_in_the_log_of_a_ledger_that_is_read_only_is_never_passed_over(
    foreign_folder: Path, fill: Fill, *, left: str, said: str
) -> None:
    there, here = foreign_folder / "there" / "ledger.sqlite", foreign_folder / "here"
    here.mkdir()
    fill(there, 1)
    with open_ledger(there) as elsewhere:
        assert elsewhere.head().sequence == 1  # it is open, so that its log stays
        fill(there, 2)
        for ending in ("", *left.split()):
            shutil.copy(f"{there}{ending}", here)
        shutil.copy(there.with_suffix(".head"), here)
    locked_away(here)

    def read() -> int:
        with open_ledger(here / there.name, create=False) as copy:
            return verify(copy).count

    assert attempt_as_nobody(lambda: told_of(read)).startswith(said)


def test_a_ledger_that_is_written_elsewhere_while_it_is_read_is_busy(
    file: Path, fill: Fill, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(file, 2)
    monkeypatch.setattr(os, "access", lambda _, mode: mode != os.W_OK)  # mounted read-only here, not elsewhere
    with open_ledger(file, create=False) as ledger:
        assert verify(ledger).count == 2
        fill(file, 1)
        with pytest.raises(LedgerBusy, match="was written while it was read"):
            verify(ledger)
