"""Signals that ask for the end: raised once, kept where they must not interrupt, ignored where they were."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from opspact.fleet import signals
from opspact.fleet.signals import ENDING, EndedBySignal

each_signal = pytest.mark.parametrize("number", ENDING)


@contextmanager
def unharmed() -> Iterator[None]:
    """Whatever a signal does outside of what is tested must not end the tests."""
    before = {number: signal.signal(number, lambda *_: None) for number in ENDING}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def _unharmed() -> Iterator[None]:
    with unharmed():
        yield


def end_and(number: signal.Signals, clean: Callable[[], object]) -> None:
    """Be ended by a signal, and clean up."""
    with signals.raise_on_signal():
        try:
            signal.raise_signal(number)
        finally:
            clean()


def held(number: signal.Signals, then: Callable[[], object]) -> None:
    """Get a signal while it is held, and do something then, still held."""
    with signals.raise_on_signal(), signals.hold():
        signal.raise_signal(number)
        then()


@each_signal
def test_the_first_signal_is_raised_and_later_ones_do_not_disturb_the_end(number: signal.Signals) -> None:
    cleaned = []

    def clean() -> None:
        for again in ENDING:
            signal.raise_signal(again)
        cleaned.append("everything")

    with pytest.raises(EndedBySignal) as caught:
        end_and(number, clean)

    assert (caught.value.number, str(caught.value)) == (number, f"terminated by {number.name}")
    assert cleaned == ["everything"]


def test_an_end_that_takes_too_long_can_be_cut_short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signals, "PATIENCE", 0.0)
    with pytest.raises(EndedBySignal) as caught:
        end_and(signal.SIGTERM, lambda: signal.raise_signal(signal.SIGINT))

    assert caught.value.number == signal.SIGINT


@each_signal
def test_a_signal_that_comes_while_it_is_held_is_delivered_afterwards(number: signal.Signals) -> None:
    done: list[str] = []
    with pytest.raises(EndedBySignal) as caught:
        held(number, lambda: done.append("held"))

    assert (caught.value.number, done) == (number, ["held"])


def test_a_signal_that_comes_while_it_is_held_is_delivered_after_an_error_too() -> None:
    with pytest.raises(EndedBySignal):
        held(signal.SIGHUP, lambda: int("no number"))


def test_nothing_is_delivered_where_no_signal_came() -> None:
    with signals.raise_on_signal(), signals.hold():
        pass


def test_who_listens_gets_all_numbers_in_their_order_and_is_not_ended() -> None:
    with signals.raise_on_signal(), signals.listen() as received:
        for number in reversed(ENDING):
            signal.raise_signal(number)

    assert received.numbers == list(reversed(ENDING))


def test_handlers_are_put_back() -> None:
    before = [signal.getsignal(number) for number in ENDING]
    with signals.raise_on_signal(), signals.listen():
        pass

    assert [signal.getsignal(number) for number in ENDING] == before


def test_other_threads_are_left_alone() -> None:
    kept = []

    def work() -> None:
        with signals.raise_on_signal(), signals.hold(), signals.listen() as received:
            kept.append(received.numbers)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert kept == [[]]


PROGRAM = """
import os, signal
from opspact.fleet.signals import raise_on_signal
with raise_on_signal():
    os.kill(os.getpid(), signal.SIGHUP)
print("still here")
"""


def test_a_signal_that_is_ignored_from_the_start_stays_ignored() -> None:
    done = subprocess.run(
        ["sh", "-c", 'trap "" HUP; exec "$0" -c "$1"', sys.executable, PROGRAM],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "still here\n")
