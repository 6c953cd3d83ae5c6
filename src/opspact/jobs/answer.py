"""What a host's reader of spools is asked, and what it answers (`onhost/reader`).

In: up to where results are known. Out: the request's bytes; from the answer's bytes, results and how far they go.

Hosts are not trusted: an answer is taken as far as it can be read, and only for jobs that were asked for.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType

from opspact.ledger.event import SealedEvent
from opspact.model.result import Collected, Result, Spooled, damaged_result, parse_result
from opspact.structs import Struct
from opspact.text.instants import format_instant_in_utc

_SPOOL = re.compile(r"[0-9a-f]{12}")
_LAST_NUMBER = 9_999_999_999
_NO_HEADS: Mapping[str, SealedEvent] = MappingProxyType({})


class Position(Struct):
    """Up to which number of which spool the results of a job on a host are known; no spool: none are."""

    spool: str = ""
    number: int = 0


class Progress(Struct):
    """How far the answer goes for one job: every result kept after `after` up to `through` is in it.

    `running`: since when a run goes on (as the host says it), empty: none.
    """

    job: str
    spool: str
    after: int
    through: int
    running: str = ""

    @property
    def position(self) -> Position:
        """Up to where the results are known now."""
        return Position(self.spool, self.through)


@dataclass(slots=True)
class Answer:
    """What one host answered. `more`: more waits there. `problems`: what could not be read, in sentences."""

    host: str
    results: list[Result] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    more: bool = False
    is_complete: bool = False

    def gaps(self) -> Iterator[tuple[Progress, int, int]]:
        """Yield the numbers that the host did not keep, of each job: from the first to the last of each gap."""
        for each in self.progress:
            found = sorted({one.sequence for one in self.results if one.job == each.job})
            inside = [number for number in found if each.after < number <= each.through]
            for before, behind in pairwise((each.after, *inside, each.through + 1)):
                if behind - before > 1:
                    yield each, before + 1, behind - 1

    def advanced(self, positions: Mapping[str, Position]) -> dict[str, Position]:
        """Given the positions that were asked about, return those to ask about next."""
        return {**positions, **{each.job: each.position for each in self.progress}}


def request(positions: Mapping[str, Position], *, room: int, heads: Mapping[str, SealedEvent] = _NO_HEADS) -> bytes:
    """Given jobs and up to where their results are known, return the request for about `room` bytes of new ones.

    `heads`: the newest event of the ledger, for the jobs that are to know it.
    """
    jobs: list[dict[str, object]] = []
    for job, known in positions.items():
        asked = {"job": job, "spool": known.spool, "after": known.number}
        jobs.append(asked | {"head": _head(heads[job])} if job in heads else asked)
    return json.dumps({"room": room, "jobs": jobs}).encode()


def _head(event: SealedEvent) -> dict[str, str]:
    return {"head": str(event.head), "at": format_instant_in_utc(event.at.replace(microsecond=0))}


def read_answer(data: bytes, host: str, *, jobs: Mapping[str, Position], collected: Collected) -> Answer:
    """Given the bytes that a host answered about some jobs, and when, return what of it can be read."""
    answer, start = Answer(host), 0
    while start < len(data) and not answer.is_complete:
        end = data.find(b"\n", start)
        if end < 0:
            break
        try:
            start = _read_line(answer, data, end + 1, line=_Line(data[start:end], host, jobs, collected))
        except (ValueError, RecursionError) as error:
            answer.problems.append(f"Cannot read the answer of the reader: {error}.")
            break
    return answer


class _Line:
    """One line of an answer, its fields checked as they are asked for. Raise ValueError for another."""

    def __init__(self, text: bytes, host: str, jobs: Mapping[str, Position], collected: Collected) -> None:  # noqa: PLR0917 - all of one line
        found = json.loads(text)
        if not isinstance(found, dict):
            raise ValueError(f"{text[:60]!r} is not an object")  # noqa: TRY004 - one error for all that cannot be read
        self.fields, self.host, self.collected = found, host, collected
        self._jobs = jobs

    @property
    def job(self) -> str:
        job = self.fields.get("job")
        if not isinstance(job, str) or job not in self._jobs:
            raise ValueError(f"{job!r:.60} was not requested")
        return job

    @property
    def spool(self) -> str:
        spool = self.fields.get("spool")
        if not isinstance(spool, str) or not _SPOOL.fullmatch(spool):
            raise ValueError(f"{spool!r:.60} is not a spool")
        return spool

    def number(self, name: str) -> int:
        number = self.fields.get(name)
        if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= _LAST_NUMBER:
            raise ValueError(f"{name} is {number!r:.60}")
        return number

    def text(self, name: str) -> str:
        return str(self.fields.get(name) or "")


def _read_line(answer: Answer, data: bytes, start: int, *, line: _Line) -> int:
    """Add what a line says, and the result whose bytes begin at `start`; return where the next line begins."""
    if line.fields.get("end") is True:
        answer.more, answer.is_complete = line.fields.get("more") is True, True
    elif "sequence" in line.fields:
        return _read_result(answer, data, start, line=line)
    elif "through" in line.fields:
        progress = Progress(line.job, line.spool, line.number("after"), line.number("through"), line.text("running"))
        answer.progress.append(progress)
    else:
        answer.problems.append(f"Cannot read the spool of {line.job}: {line.text('error')}.")
    return start


def _read_result(answer: Answer, data: bytes, start: int, *, line: _Line) -> int:
    spooled = Spooled(job=line.job, host=line.host, spool=line.spool, sequence=line.number("sequence"))
    if error := line.text("error"):
        answer.results.append(damaged_result(spooled, f"cannot read its file: {error}"))
        return start
    end = start + line.number("bytes")
    if len(data) <= end:
        raise ValueError("truncated result")
    answer.results.append(parse_result(data[start:end], spooled, collected=line.collected))
    return end + 1
