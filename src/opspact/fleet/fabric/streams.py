"""The output of a command while it runs: where it ends, what is kept of it, what watchers see of it.

Comes in: bytes as they are read, text as it is decoded. Goes out: the same without the mark of its end; as much as may
be kept; answers of watchers. Each byte is looked at a fixed number of times, however much comes.
"""

from collections.abc import Iterator, Sequence

from invoke.watchers import FailingResponder, Responder, StreamWatcher

WINDOW = 16 * 1024
"""Characters back from the newest one in which a responder finds its pattern."""


class EndMark:
    """Takes the mark that says a command's exit status out of its error output; nothing else is changed or delayed.

    The mark begins with a control character: no prompt ends with it, so none is held back until more comes.
    """

    def __init__(self, word: str) -> None:
        self.status: int | None = None
        """The exit status, once the mark has come."""
        self.text = f"\\036{word} %s\\n"
        """The mark as a format of printf."""
        self._mark = f"\x1e{word} ".encode()
        self._held = b""

    def accept(self, data: bytes) -> bytes:
        """Given what was read, return what of it and of what was held back is output."""
        held, self._held = self._held + data, b""
        if self.status is not None:
            return held
        begin = held.find(self._mark)
        end = held.find(b"\n", begin) if begin >= 0 else -1
        if end >= 0:
            self.status = int(held[begin + len(self._mark) : end])
            return held[:begin] + held[end + 1 :]
        keep = len(held) - begin if begin >= 0 else self._begun(held)
        self._held = held[len(held) - keep :]
        return held[: len(held) - keep]

    def _begun(self, held: bytes) -> int:
        """Return how many bytes at the end may be the mark's beginning."""
        start = held.rfind(self._mark[:1])
        rest = held[start:] if start >= 0 else b""
        return len(rest) if rest and self._mark.startswith(rest) else 0

    def rest(self) -> bytes:
        """Return what was held back when nothing comes any more."""
        held, self._held = self._held, b""
        return held


class OutputStorage:
    """Keeps text in a list of parts: all of it up to a limit, or the last part of it alone."""

    def __init__(self, parts: list[str], *, limit: int, last: bool) -> None:
        """`limit` is in bytes as they were read. `last`: keep about as much of the end, without a limit."""
        self._parts = parts
        self._limit = limit
        self._last = last
        self._size = 0

    def add(self, text: str, size: int) -> bool:
        """Given text and how many bytes it was, keep it. Return False when that is more than may be kept."""
        self._parts.append(text)
        self._size += size
        if self._last and self._size > 2 * self._limit:
            self._parts[:] = ["".join(self._parts)[-self._limit :]]
            self._size = len(self._parts[0])
        return self._size <= self._limit or self._last


class ListenerGroup:
    """The watchers of one stream. Used by the thread that reads it: watchers keep a state for each thread.

    invoke's own responders are shown the newest part, and given how far it has moved. Others are shown all, as they are
    promised.
    """

    def __init__(self, watchers: Sequence[StreamWatcher]) -> None:
        self._responders = [watcher for watcher in watchers if _is_of_invoke(watcher)]
        self._others = [watcher for watcher in watchers if not _is_of_invoke(watcher)]
        self._window = self._all = ""

    def answers(self, text: str) -> Iterator[str]:
        """Given new text, yield what watchers answer. Raise WatcherError when one of them gives up."""
        if self._responders:
            self._window += text
            for responder in self._responders:
                yield from responder.submit(self._window)
            self._move()
        if self._others:
            self._all += text
            for watcher in self._others:
                yield from watcher.submit(self._all)

    def _move(self) -> None:
        """Forget what is too old, once that is much."""
        if len(self._window) <= 2 * WINDOW:
            return
        old = len(self._window) - WINDOW
        self._window = self._window[old:]
        for responder in self._responders:
            responder.index = max(0, responder.index - old)
            if isinstance(responder, FailingResponder):
                responder.failure_index = max(0, responder.failure_index - old)


def _is_of_invoke(watcher: StreamWatcher) -> bool:
    if not isinstance(watcher, Responder):
        return False
    kind = type(watcher)
    finds = kind.submit in {Responder.submit, FailingResponder.submit}
    return finds and kind.pattern_matches is Responder.pattern_matches
