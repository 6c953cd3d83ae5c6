"""Collecting: the results that wait in the hosts' spools, recorded in the ledger once each.

In: sessions, jobs, the ledger. Out: what is new, recorded. The hosts' own timers run the jobs; each host is asked for
what comes after what the ledger has, whose newest events alone are read.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from threading import Lock

from opspact.fleet.failures import HostLost, quoted
from opspact.fleet.framing import Completed
from opspact.fleet.session import Session
from opspact.fleet.sessions import Progress as OnProgress
from opspact.fleet.sessions import Sessions
from opspact.jobs.answer import Answer, Position, read_answer, request
from opspact.jobs.host_command import ABSENT, NO_PYTHON, PYTHON, program_command
from opspact.ledger.apply_events import HostChecked
from opspact.ledger.context import Context
from opspact.ledger.event import SealedEvent
from opspact.ledger.host_answers import newest_answers
from opspact.ledger.job_events import HostReach, JobEvent, JobResult, ResultsLost
from opspact.ledger.store import Ledger
from opspact.model import names
from opspact.model.job import DRILL, HostJob
from opspact.model.result import Collected, Result, Verdict
from opspact.model.time.host_clock import HostClock
from opspact.steps.check import Reach
from opspact.structs import Struct

ROOM = 4 * 2**20
"""Bytes of results that a host answers at once, about; more wait for the next question."""

_DRAWING = f"{DRILL.name}/"
"""How the keys of jobs begin that draw samples by the ledger's head."""

_PATIENCE = 300.0  # seconds for one answer
_ASK = program_command("reader")

OnHost = tuple[str, str]
"""A job's key and a host."""


@dataclass(slots=True)
class Collection:
    """What collecting gave: how many results are new, the newest of each job on each host, what was lost.

    `unreached`: hosts that were not reached. `problems`: what could not be read, by host. `not_applied`: hosts on which
    no job was ever applied.
    """

    verdicts: Counter[Verdict] = field(default_factory=Counter)
    newest: dict[OnHost, Result] = field(default_factory=dict)
    lost: list[ResultsLost] = field(default_factory=list)
    unreached: dict[str, HostLost] = field(default_factory=dict)
    problems: dict[str, list[str]] = field(default_factory=dict)
    not_applied: list[str] = field(default_factory=list)


class Collector(Struct):
    """Collects over sessions into a ledger. `context` gives who records, now, for which contract."""

    sessions: Sessions
    ledger: Ledger
    context: Callable[[], Context]

    def collect(
        self, jobs: Iterable[HostJob], hosts: Iterable[str] | None = None, *, on_progress: OnProgress | None = None
    ) -> Collection:
        """Given jobs, and hosts (None: all sessions'), record every result of theirs that the ledger does not have yet.

        A result that was fetched and not recorded, as when the link is cut or this program ends, is fetched again.
        Restore tests are given the head of the ledger, by which they draw the files that they compare next.
        """
        chosen = set(self.sessions.names if hosts is None else hosts)
        by_host: dict[str, list[str]] = {name: [] for name in self.sessions.names if name in chosen}
        for job in jobs:
            for host in by_host.keys() & set(job.hosts) if job.kind.is_carried_out else ():
                by_host[host].append(job.key)
        asked = {host: keys for host, keys in by_host.items() if keys}
        head = next(self.ledger.sealed(newest_first=True, limit=1), None)
        known = self.positions((key, host) for host, keys in asked.items() for key in keys)
        found = _Gathering(self)

        def fetch(session: Session) -> None:
            positions = {key: known[key, session.name] for key in asked[session.name]}
            found.fetch(session, positions, {key: head for key in positions if head and key.startswith(_DRAWING)})

        answers = self.sessions.each(fetch, asked, on_progress=on_progress)
        found.collection.unreached.update(
            {name: answer for name, answer in answers.items() if isinstance(answer, HostLost)}
        )
        self._record_reach(answers)
        return found.collection

    def positions(self, wanted: Iterable[OnHost]) -> dict[OnHost, Position]:
        """Given jobs and hosts, return up to where their results are in the ledger, or known to be lost."""
        subjects = {names.job_subject(*each): each for each in wanted}
        contract = self.context().contract
        results = self.ledger.newest_of(JobResult, subjects, contract=contract)
        lost = self.ledger.newest_of(ResultsLost, subjects, contract=contract)
        found = dict.fromkeys(subjects.values(), Position())
        recorded: dict[OnHost, int] = {}
        for subject, each in results.items():
            found[subjects[subject]] = Position(each.event.result.spool, each.event.result.sequence)
            recorded[subjects[subject]] = each.sequence
        for subject, gap in lost.items():
            before, position = found[subjects[subject]], Position(gap.event.spool, gap.event.last)
            if before.spool == position.spool:
                position = max(before, position, key=lambda one: one.number)
            elif recorded.get(subjects[subject], 0) > gap.sequence:
                position = before
            found[subjects[subject]] = position
        return found

    def _record_reach(self, answers: Mapping[str, HostLost | None]) -> None:
        """Record how hosts answer, where that is not what was recorded last, by whomever."""
        context = self.context()
        subjects = [HostReach(name, Reach.REACHED).subject for name in answers]
        before = newest_answers(
            self.ledger.newest_of(HostReach, subjects, contract=context.contract),
            self.ledger.newest_of(HostChecked, subjects, contract=context.contract),
        )
        now = [
            HostReach(name, Reach.REACHED) if answer is None else HostReach(name, answer.reach, answer.detail)
            for name, answer in answers.items()
        ]
        changed = [
            each for each in now if each.subject not in before or before[each.subject].event.reach is not each.reach
        ]
        self.ledger.record_all(changed, context=context)


class _Gathering:
    """What one collecting gathers, host by host, in many threads."""

    def __init__(self, collector: Collector) -> None:
        self.collection = Collection()
        self._collector = collector
        self._lock = Lock()

    def fetch(self, session: Session, positions: Mapping[str, Position], heads: Mapping[str, SealedEvent]) -> None:
        """Fetch what waits on one host, a bounded part at a time, and record each part. Raise HostLost."""
        more = True
        while more:
            done = session.run(_ASK, input=request(positions, room=ROOM, heads=heads), timeout=_PATIENCE)
            collected = Collected(self._collector.context().at, session.clock or HostClock())
            answer = read_answer(done.stdout, session.name, jobs=positions, collected=collected)
            advanced = answer.advanced(positions)
            more = answer.more and advanced != positions
            with self._lock:
                self._record(answer)
                self._note(answer, done)
            positions = advanced

    def _record(self, answer: Answer) -> None:
        """Record one part: results, and the numbers between them of which nothing is left."""
        collector = self._collector
        context = collector.context()
        results = (JobResult(each).with_secrets_marked(context.redactor) for each in answer.results)
        events: list[JobEvent] = [*results, *self._lost(answer)]
        recording = collector.ledger.record_all(events, context=context, skip_recorded=True)
        for each in recording.recorded:
            match each.event:
                case JobResult(result):
                    self.collection.verdicts[result.verdict] += 1
                    self.collection.newest[result.job, result.host] = result
                case ResultsLost():
                    self.collection.lost.append(each.event)
                case HostReach():
                    raise AssertionError("none was recorded")

    def _lost(self, answer: Answer) -> Iterator[ResultsLost]:
        gaps = list(answer.gaps())
        # Another collect may have fetched meanwhile what the host has dropped since.
        known = self._collector.positions({(progress.job, answer.host) for progress, _, _ in gaps})
        for progress, first, last in gaps:
            position = known[progress.job, answer.host]
            if position.spool == progress.spool:
                first = max(first, position.number + 1)  # noqa: PLW2901 - the gap, less what is known of it
            if first <= last:
                yield ResultsLost(progress.job, answer.host, progress.spool, first, last)

    def _note(self, answer: Answer, done: Completed) -> None:
        """Note what is wrong with a host's answer."""
        if done.rc == ABSENT:
            self.collection.not_applied.append(answer.host)
            return
        if done.rc == NO_PYTHON:
            answer.problems.append(f"Python is not installed there: {PYTHON} does not exist.")
        elif not answer.is_complete:
            said = quoted(done.stderr) or f"exit status {done.rc}"
            answer.problems.append(f"The answer of the reader is incomplete: {said}.")
        if answer.problems:
            self.collection.problems.setdefault(answer.host, []).extend(answer.problems)
