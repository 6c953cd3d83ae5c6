"""Waiting for other applies: as long as was said, saying once for whom, with nothing locked meanwhile."""

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest
from locking import at_first_pause, end, locked

from opspact.errors import Busy
from opspact.fleet import connection, lock, session
from opspact.fleet.sessions import Sessions, open_sessions
from opspact.model import names
from opspact.model.inventory.host import Host
from opspact.rollout.wait_for_locks import NO_PATIENCE, HostsBusy, Patience, refuse_busy, work_when_ready
from opspact.steps.check import HostResult, Reach


class Work:
    """Work that is busy at first, and counts how often it was tried."""

    def __init__(self, times: int) -> None:
        self.tries = 0
        self._times = times

    def __call__(self) -> str:
        self.tries += 1
        if self.tries <= self._times:
            raise Busy("li-na is at work", hint="come back")
        return "done"


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Let waiting take no time; return how long each pause would have been."""
    found: list[float] = []
    begun = time.monotonic()
    monkeypatch.setattr(time, "sleep", found.append)
    monkeypatch.setattr(time, "monotonic", lambda: begun + sum(found))
    return found


def test_who_is_waited_for_is_said_once_and_pauses_grow(pauses: list[float]) -> None:
    said: list[str] = []
    work = Work(12)
    assert Patience(600, said.append).wait_for(work) == "done"
    assert (len(said), work.tries) == (1, 13)
    assert "at most 10m: li-na is at work" in said[0]
    assert 0.7 < pauses[0] < 1.3
    assert all(7 < pause < 13 for pause in pauses[-3:])


def test_when_the_time_is_over_it_is_refused_by_name(pauses: list[float]) -> None:
    work = Work(10**6)
    with pytest.raises(Busy, match=r"li-na is at work \(waited 1m; nothing was done\)"):
        Patience(60).wait_for(work)
    assert sum(pauses) == pytest.approx(60)
    assert work.tries == len(pauses) + 1, "it is tried once more when the time is over"


def test_the_time_counts_for_all_that_is_waited_for(pauses: list[float]) -> None:
    patience = Patience(60)
    patience.wait_for(Work(5))
    with pytest.raises(Busy):
        patience.wait_for(Work(10**6))
    assert sum(pauses) == pytest.approx(60)


def test_without_patience_nobody_waits(pauses: list[float]) -> None:
    with pytest.raises(Busy, match="li-na is at work") as refused:
        NO_PATIENCE.wait_for(Work(1))
    assert (pauses, refused.value.hint) == ([], "come back")


def result(name: str, reach: Reach, detail: str = "") -> HostResult:
    return HostResult(name, reach, (), detail)


LI_NA = result("app1", Reach.BUSY, "locked by li-na")
OWN = result("app9", Reach.BUSY, "the same machine as app2, which this run has locked: keep one of the names")


@pytest.mark.parametrize(
    ("results", "refused", "refused_with_wait"),
    [
        ((LI_NA,), ("app1",), ("app1",)),
        ((LI_NA, result("app2", Reach.REACHED)), (), ("app1",)),
        ((LI_NA, result("app2", Reach.DOWN)), (), ("app1",)),
        ((OWN, result("app2", Reach.REACHED)), (), ()),
        ((OWN, LI_NA), ("app1",), ("app1",)),
        ((), (), ()),
    ],
)
def test_hosts_that_others_have_locked_are_refused_where_nothing_is_left_or_somebody_waits(
    results: tuple[HostResult, ...], refused: tuple[str, ...], refused_with_wait: tuple[str, ...]
) -> None:
    for waits, wanted in ((False, refused), (True, refused_with_wait)):
        found: tuple[str, ...] = ()
        try:
            refuse_busy({it.name: it for it in results}, waits=waits)
        except HostsBusy as error:
            found = error.hosts
        assert found == wanted


def test_hosts_with_one_holder_are_said_together() -> None:
    said = str(HostsBusy({"app1": "locked by li-na", "app2": "locked by li-na", "db1": "locked by bo"}, is_all=True))
    assert said == "another apply has locked every chosen host: app1, app2: locked by li-na; db1: locked by bo"


HERE = Host("here", {"ansible_connection": "local", "ansible_become": False})


@contextmanager
def reach(_names: Iterable[str]) -> Iterator[Sessions]:
    with open_sessions([HERE], settings=connection.Settings()) as sessions:
        yield sessions


def test_a_host_that_another_process_has_locked_is_waited_for_and_not_locked_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = str(tmp_path / "lock")
    monkeypatch.setattr(session, "RELEASE_STALE_LOCK", lock.RELEASE_STALE_LOCK.replace(names.HOST_LOCK, place))
    monkeypatch.setattr(lock, "HOST_LOCK", place)
    tries: list[str] = []

    def work(sessions: Sessions) -> str:
        (found,) = sessions.each(lambda it: it.lock("me")).values()
        tries.append("" if found is None else found.detail)
        if found is not None:
            raise HostsBusy({"here": found.detail}, is_all=True)
        return "done"

    with locked(tmp_path / "lock", "li-na on desk7") as other:
        at_first_pause(monkeypatch, partial(end, other))
        assert work_when_ready(["here"], reach, work, patience=Patience(60)) == "done"
    assert tries == ["locked by li-na on desk7", ""], "it is tried again only when the host is free"
