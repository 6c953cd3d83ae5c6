"""Scheduled jobs of hosts: run one now, and fetch the results that wait in the hosts' spools.

Comes in: sessions, the name of a job. Goes out: results, recorded in the ledger once each. The hosts' own timers run
the jobs; opspact only asks and collects.
"""

import json
import shlex
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from opspact.fleet.failures import HostLost
from opspact.fleet.session import Session
from opspact.fleet.sessions import Sessions
from opspact.ledger.job_events import JobResult
from opspact.ledger.store import Ledger
from opspact.model import names
from opspact.workspace.workspace import Compiled, context

INSPECTION, BACKUP, REPOSITORY = KINDS = ("inspection", "backup", "repository")
DRILL = "drill"
"""Restore drills; their results are recorded alike, but no timer on a host makes them."""

_PATIENCE = {INSPECTION: 600.0, BACKUP: 12 * 3600.0, REPOSITORY: 12 * 3600.0}
"""Seconds that a job may take when it is run by hand."""

_NO_SUCH_UNIT = 5  # systemctl's exit status
_HEAD = "== "  # begins the line before each file; no line of a JSON text begins so


@dataclass(frozen=True, slots=True)
class Result:
    """One result as a host spooled it. `file` is its name there, which sorts by time."""

    kind: str
    policy: str
    host: str
    file: str
    body: Mapping[str, object]

    @property
    def state(self) -> str:
        """The verdict in it: ok, warning, critical, failed or unknown."""
        return str(self.body.get("state", "unknown"))

    @property
    def is_good(self) -> bool:
        """Whether nothing is wrong; a warning is for people to read, it fails no pipeline."""
        return self.state in {"ok", "warning"}


def run_now(sessions: Sessions, kind: str, policy: str, *, hosts: Iterable[str]) -> dict[str, Result | HostLost | str]:
    """Given a job and hosts, run it there now, side by side; return each one's newest result, or why there is none."""
    unit = f"{names.job(kind, policy)}.service"

    def run(session: Session) -> Result | str:
        before = _spooled(session, kind, policy)
        done = session.run(f"systemctl start -- {shlex.quote(unit)}", timeout=_PATIENCE[kind])
        if done.rc == _NO_SUCH_UNIT:
            return f"{unit} is not on this host: apply the policies first"
        after = [name for name in _spooled(session, kind, policy) if name not in before]
        results = list(_fetch(session, after[-1:]))
        said = done.stderr.decode(errors="replace").strip()
        return results[-1] if results else f"{unit} left no result: {said or 'see journalctl -u ' + unit}"

    return dict(sessions.each(run, hosts))


def collect(
    sessions: Sessions, head: Compiled, ledger: Ledger, *, kinds: Iterable[str] = KINDS
) -> tuple[list[Result], dict[str, HostLost]]:
    """Given sessions, fetch every result that the ledger does not have yet, and record it; return them, and hosts lost.

    A result that was fetched and not recorded (a crash between) is fetched again: it is in the ledger once.
    """
    wanted = tuple(kinds)
    known = {kind: _known(ledger, head.contract.name, kind) for kind in wanted}

    def fetch(session: Session) -> list[Result]:
        waiting = [
            name for kind in wanted for name in _spooled(session, kind, "") if (session.name, name) not in known[kind]
        ]
        return list(_fetch(session, waiting))

    answers = sessions.each(fetch)
    lost = {name: answer for name, answer in answers.items() if isinstance(answer, HostLost)}
    results = [result for answer in answers.values() if not isinstance(answer, HostLost) for result in answer]
    keep(results, head, ledger)
    return results, lost


def keep(results: Iterable[Result], head: Compiled, ledger: Ledger) -> None:
    """Given results, record each in the ledger."""
    events = [
        JobResult(f"{each.kind}/{each.policy}", each.host, spool=each.file, sequence=0, result=each.body)
        for each in results
    ]
    ledger.record_all(events, context=context(head), skip_recorded=True)


def recorded(ledger: Ledger, contract: str, kind: str) -> Iterator[Result]:
    """Given a ledger, yield the results of one kind that it has, newest first."""
    for each in ledger.read(JobResult, contract=contract, newest_first=True):
        of_kind, _, policy = each.event.job.partition("/")
        if of_kind == kind:
            yield Result(kind, policy, each.event.host, each.event.spool, each.event.result)


def _known(ledger: Ledger, contract: str, kind: str) -> set[tuple[str, str]]:
    return {(result.host, result.file) for result in recorded(ledger, contract, kind)}


def _spooled(session: Session, kind: str, policy: str) -> list[str]:
    """Return the names of results that wait, oldest first: `inspection/daily-servers/20261123T073000Z.json`."""
    under = f"{kind}/{policy}" if policy else kind
    script = f"cd {names.SPOOL_FOLDER} 2>/dev/null && find {shlex.quote(under)} -name '*.json' -type f 2>/dev/null"
    return sorted(session.run(script).stdout.decode(errors="replace").split())


def _fetch(session: Session, files: Iterable[str]) -> Iterator[Result]:
    chosen = " ".join(shlex.quote(name) for name in files)
    if not chosen:
        return
    script = f'cd {names.SPOOL_FOLDER} && for f in {chosen}; do echo \'{_HEAD}\'"$f"; cat -- "$f"; echo; done'
    text = session.run(script).stdout.decode(errors="replace")
    for part in f"\n{text}".split(f"\n{_HEAD}")[1:]:
        name, _, body = part.partition("\n")
        kind, policy, file = name.split("/", 2)
        yield Result(kind, policy, session.name, f"{kind}/{policy}/{file}", _object(body, session.name, name))


def _object(text: str, host: str, name: str) -> Mapping[str, object]:
    """Return the JSON object of a spooled file. A damaged one is told as what it is, not passed over."""
    try:
        body = json.loads(text)
    except ValueError as error:
        return {"state": "unknown", "message": f"{host}: {name} is damaged: {error}"}
    return body if isinstance(body, dict) else {"state": "unknown", "message": f"{host}: {name} is no JSON object"}
