"""Restoring on a host from its own copies: which copy is meant, the request, the result.

In: a session, a job, what is asked for. Out: the chosen copy; the result, recorded like that of any other job. The
host does it by itself: when the link is lost meanwhile, the result waits there to be collected.
"""

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from shlex import quote
from typing import Any, TypeVar

from opspact.errors import Busy, NothingFound, OperationFailed
from opspact.fleet.failures import HostLost, quoted
from opspact.fleet.lock import holder
from opspact.fleet.session import Session
from opspact.jobs.collection import Collector
from opspact.jobs.run import Answer
from opspact.ledger.job_events import JobResult
from opspact.model import names
from opspact.model.job import RequestedJob
from opspact.model.result import Result
from opspact.steps import systemd
from opspact.structs import Struct

T = TypeVar("T")

_PYTHON = "/usr/bin/python3"
_CHOOSING = 900.0  # seconds: borg may wait for others
_WAIT = 10  # seconds that one question for the end of a restore takes at most
_PATIENCE = 15.0  # seconds more, after which the host is taken for lost
_ABSENT = 66  # EX_NOINPUT of sysexits.h


class Folder(Struct):
    """Files and folders (all without `paths`) restored into a folder that is absent or empty."""

    path: str
    paths: tuple[str, ...] = ()

    @property
    def request(self) -> dict[str, object]:
        """What the request says."""
        return {"folder": self.path, **({"paths": self.paths} if self.paths else {})}

    def __str__(self) -> str:
        """Return it for people."""
        return f"{', '.join(self.paths) or 'all files'} to {self.path}"


class InPlace(Struct):
    """Files and folders restored to where they were, on a host that is being rebuilt."""

    paths: tuple[str, ...]

    @property
    def request(self) -> dict[str, object]:
        """What the request says."""
        return {"in_place": self.paths}

    def __str__(self) -> str:
        """Return it for people."""
        return f"{', '.join(self.paths)} in place"


class OneDatabase(Struct):
    """A database restored under a name that is free; `creates_roles`: roles are restored too."""

    name: str
    new_name: str
    creates_roles: bool = False

    @property
    def request(self) -> dict[str, object]:
        """What the request says."""
        return {"database": {"name": self.name, "as": self.new_name, "create_roles": self.creates_roles}}

    def __str__(self) -> str:
        """Return it for people."""
        return f"database {self.name} as {self.new_name}"


Target = Folder | InPlace | OneDatabase


class RestoreRequest(Struct, kw_only=True):
    """What is asked of a host: `at`, an instant that copies must not be younger than; copies that do not count."""

    target: Target
    at: datetime | None = None
    suspect: tuple[str, ...] = ()


class ChosenCopy(Struct, kw_only=True):
    """The copy that a request means: its name, its id, when it was begun (UTC), its age then, what is known of it."""

    name: str
    id: str
    started: datetime
    age_seconds: float
    record: Mapping[str, object]


class HostRestore(Struct):
    """Restoring by one backup's job on one host. `collector` has its session, and the ledger for the result."""

    collector: Collector
    job: RequestedJob
    host: str

    def choose(self, request: RestoreRequest) -> ChosenCopy:
        """Given a request, ask the host for the copy that it means; nothing is changed.

        Raise NothingFound when there is none, OperationFailed when the host cannot say, HostLost.
        """
        return self._on_host(lambda session: _choose(session, self.job, request))

    def submit(self, request: RestoreRequest, copy: ChosenCopy, *, id_: str = "") -> str:
        """Given a request and the copy that was chosen for it, have the host carry it out; return the request's id.

        That is `id_` where one is given. The host's lock is held meanwhile, and kept where this session had it. Raise
        Busy when a restore of that policy is going on there, OperationFailed when the host cannot, HostLost.
        """
        id_, who = id_ or secrets.token_hex(8), holder(self.collector.context().at)
        text = _text(request, id=id_, archive=copy.id)
        self._on_host(lambda session: _submit(session, self.job, text, who=who))
        return id_

    def wait_for_result(self, id_: str) -> Answer:
        """Given the id of a request, wait for its end and return the result, recorded; or why there is none.

        A host that is lost meanwhile goes on: its result is collected later.
        """
        unit = f"{self.job.unit_name}.service"
        try:
            ended = self._on_host(lambda session: _wait_for_end(session, unit))
        except HostLost as lost:
            return lost
        collection = self.collector.collect([self.job], [self.host])
        if found := self.result_of(id_):
            return found
        if self.host in collection.unreached:
            return collection.unreached[self.host]
        missing = f"{unit} left no result: {ended or f'see journalctl -u {unit}'}"
        return " ".join(collection.problems.get(self.host, [missing]))

    def result_of(self, id_: str) -> Result | None:
        """Given the id of a request, return its result, or that of a run that died, if it is the newest; None: not.

        A run that died says of no request that it was its own.
        """
        subject = names.job_subject(self.job.key, self.host)
        contract = self.collector.context().contract
        newest = self.collector.ledger.newest_of(JobResult, [subject], contract=contract)
        result = newest[subject].event.result if subject in newest else None
        return result if result and (result.died or result.facts.get("request") == id_) else None

    def _on_host(self, work: Callable[[Session], T]) -> T:
        """Do work over the host's session, and return what it gave. Raise HostLost."""
        found = self.collector.sessions.each(work, [self.host])[self.host]
        if isinstance(found, HostLost):
            raise found
        return found


def _choose(session: Session, job: RequestedJob, request: RestoreRequest) -> ChosenCopy:
    program = quote(names.program(job.kind.program))
    command = f"[ -e {program} ] || exit {_ABSENT}; exec {_PYTHON} -I {program} {quote(names.settings(job.key))} choose"
    done = session.run(command, input=_text(request), timeout=_CHOOSING)
    if done.rc == _ABSENT:
        hint = "apply the policies first"
        raise NothingFound(f"{session.name}: {names.program(job.kind.program)} is not on this host", hint=hint)
    try:
        answer = json.loads(done.stdout)
        error = str(answer.get("error", ""))
        copy = None if error else _chosen_copy(answer)
    except (ValueError, KeyError, TypeError, AttributeError) as failed:
        said = quoted(done.stderr) or f"exit status {done.rc}"
        raise OperationFailed(f"{session.name}: the copies cannot be listed: {said}") from failed
    if copy is None:
        raise NothingFound(f"{session.name}: {error}")
    return copy


def _chosen_copy(answer: Mapping[str, Any]) -> ChosenCopy:
    archive = answer["archive"]
    return ChosenCopy(
        name=str(archive["name"]),
        id=str(archive["id"]),
        started=datetime.fromisoformat(str(archive["started"])).astimezone(UTC),
        age_seconds=float(answer["age_seconds"]),
        record=dict(answer["record"]),
    )


def _submit(session: Session, job: RequestedJob, text: bytes, *, who: str) -> None:
    unit, place = f"{job.unit_name}.service", names.restore_request(job.name)
    had_lock = session.locked
    session.lock(who)
    try:
        folder = session.run(f"install -d -m 0700 -- {quote(names.RESTORE_REQUESTS)}")
        if folder.rc != 0:
            raise OperationFailed(f"{session.name}: {names.RESTORE_REQUESTS} cannot be made: {quoted(folder.stderr)}")
        session.write(place, text, mode="0600")
        done = session.run(systemd.start_at_once(unit))
    finally:
        if session.lost is None and not had_lock:
            session.unlock()
    if done.rc == systemd.STILL_RUNNING:
        raise Busy(f"{session.name}: a restore of {job.name} is still going on there", hint="wait for its end")
    if done.rc != 0:
        raise OperationFailed(f"{session.name}: {unit} cannot be started: {quoted(done.stderr)}")


def _wait_for_end(session: Session, unit: str) -> str:
    """Wait until a service has ended; return what went wrong with waiting."""
    wait = systemd.wait_for_end(unit, _WAIT)
    while (done := session.run(wait, timeout=_WAIT + _PATIENCE)).rc == systemd.STILL_RUNNING:
        pass
    return quoted(done.stderr) if done.rc else ""


def _text(request: RestoreRequest, **more: str) -> bytes:
    at = {} if request.at is None else {"at": request.at.timestamp()}
    body = {"suspect": request.suspect, **at, **more, **request.target.request}
    return json.dumps(body, ensure_ascii=False).encode()
