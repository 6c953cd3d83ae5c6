"""Progress while hosts are checked and converged: a moving line on a terminal, one line per stage elsewhere.

In: what rollout reports (`rollout.progress_listener`). Out: text on standard error.
"""

from types import TracebackType
from typing import Self, TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn

from opspact.fleet.ansible_events import RunEvent, TaskStatus
from opspact.report.lines import one_line, shortened
from opspact.text.counts import format_count

_LONGEST_TASK = 40
_LONGEST_MESSAGE = 300


class Reporter:
    """A ProgressListener, and a context manager that leaves the terminal as it was; `quiet`: it tells messages only."""

    def __init__(self, stream: TextIO, *, color: bool, quiet: bool = False) -> None:
        self._stream = stream
        self._quiet = quiet
        self._moving = stream.isatty()
        self._color = color
        self._progress: Progress | None = None
        self._task = TaskID(0)
        self._through: set[str] = set()

    def __enter__(self) -> Self:
        """Return the reporter."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Take the moving line away."""
        self.rest()

    def stage(self, title: str, total: int) -> None:
        """A stage begins, with so many hosts."""
        self.rest()
        if self._quiet:
            return
        if not self._moving:
            self.message(f"{title} {format_count(total, 'host')}")
            return
        self._through = set()
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.fields[now]}", markup=False),
            console=Console(file=self._stream, no_color=not self._color, highlight=False),
            transient=True,
        )
        self._task = self._progress.add_task(title, total=total, now="")
        self._progress.start()

    def host(self, done: int, total: int, name: str) -> None:
        """A host is through, the `done`-th of `total`."""
        if self._progress:
            self._progress.update(self._task, completed=done, total=total, now=one_line(name)[:_LONGEST_TASK])

    def event(self, event: RunEvent) -> None:
        """Ansible did something on a host."""
        if event.status in {TaskStatus.FAILED, TaskStatus.UNREACHABLE}:
            self.message(f"{event.host}: {event.status.value}: {event.task}: {event.message}")
        if self._progress:
            self._through.add(event.host)
            now = one_line(f"{event.host}: {event.task}")[:_LONGEST_TASK]
            self._progress.update(self._task, completed=len(self._through), now=now)

    def message(self, text: str) -> None:
        """Something worth a line."""
        words = shortened(text, _LONGEST_MESSAGE)
        if self._progress:
            self._progress.console.print(words, markup=False, highlight=False)
        else:
            self._stream.write(f"{words}\n")
            self._stream.flush()

    def rest(self) -> None:
        """Take the moving line away until the next stage: somebody is asked, or reads."""
        if self._progress:
            self._progress.stop()
            self._progress = None
