"""Signals that ask this program to end: raised where that is safe, kept where something must be brought to its end.

In: SIGINT, SIGTERM, SIGHUP. Out: EndedBySignal, once; or the numbers that came meanwhile. Only the main thread is
concerned, as Python delivers signals to no other. A signal that is ignored when the program starts (`nohup`) stays
ignored.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PATIENCE = 60.0
"""Seconds that an orderly end may take; a signal that comes later raises again."""

_Handler = Callable[[int, FrameType | None], object]


class EndedBySignal(BaseException):
    """A signal asked for the end. No Exception: nothing on the way takes it for an error that it could handle."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    def __str__(self) -> str:
        """Return what happened, with the signal's name."""
        return f"terminated by {signal.Signals(self.number).name}"


@dataclass
class ReceivedSignals:
    """Signals that asked for the end, in the order in which they came."""

    numbers: list[int] = field(default_factory=list)

    def __call__(self, number: int, _frame: FrameType | None) -> None:
        """Keep a signal's number."""
        self.numbers.append(number)


@contextmanager
def listen() -> Iterator[ReceivedSignals]:
    """Yield what keeps the signals that ask for the end, instead of ending this program."""
    received = ReceivedSignals()
    with _handled(received):
        yield received


@contextmanager
def defer(notice: Callable[[], object]) -> Iterator[ReceivedSignals]:
    """Yield what keeps the first such signal, after a notice to a person; every later one raises EndedBySignal."""
    received = ReceivedSignals()

    def keep(number: int, frame: FrameType | None) -> None:
        if received.numbers:
            raise EndedBySignal(number)
        received(number, frame)
        notice()

    with _handled(keep):
        yield received


@contextmanager
def hold() -> Iterator[None]:
    """Within it no such signal interrupts anything; one that came is delivered at its end, however that is reached."""
    received = ReceivedSignals()
    try:
        with _handled(received):
            yield
    finally:
        if received.numbers:
            signal.raise_signal(received.numbers[0])


@contextmanager
def raise_on_signal(received: Sequence[int] = ()) -> Iterator[None]:
    """Within it the first such signal raises EndedBySignal in the main thread, so that everything open is closed.

    Later ones do not disturb that, unless it has taken longer than `PATIENCE`. `received`: those that came before.
    """
    first: list[float] = []

    def end(number: int, _frame: FrameType | None) -> None:
        if not first or time.monotonic() - first[0] > PATIENCE:
            first.append(time.monotonic())
            raise EndedBySignal(number)

    with _handled(end):
        if received:
            raise EndedBySignal(received[0])
        yield


@contextmanager
def _handled(handler: _Handler) -> Iterator[None]:
    """Within it a handler is called for each signal that is not ignored, if this is the main thread."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    heard = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
