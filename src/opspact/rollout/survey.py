"""Look at hosts before or after acting: every wanted step's state, and the note of what opspact put there.

Comes in: sessions, each host's work, secrets. Goes out: a survey.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from opspact.compile.shape import Work
from opspact.fleet.failures import HostLost, NotRead
from opspact.fleet.session import Session
from opspact.fleet.sessions import Progress, Sessions
from opspact.model import names
from opspact.plan.live_comparison import compare_live, with_note
from opspact.plan.manifest import Entry, Manifest, from_text
from opspact.plan.manifest_state import Found, Note, claimed_by_others, note_of
from opspact.plan.plan import HostPlan
from opspact.rollout.foreign_manifests import notes_of_others, with_former
from opspact.steps.base import Step
from opspact.steps.check import Check, HostResult, Reach, Results, State
from opspact.steps.traits import required_by
from opspact.values.secret import Secrets
from opspact.verify.backend import host_of
from opspact.verify.check import check_hosts


@dataclass(frozen=True, slots=True)
class Survey:
    """What was seen, host by host. A host that could not be looked at has its reach in its result and no note."""

    results: Results
    notes: Mapping[str, Note]

    def plans(self) -> tuple[HostPlan, ...]:
        """Return what is to be done on each host."""
        notes = ((result, self.notes.get(name, _NO_NOTE)) for name, result in self.results.items())
        return tuple(with_note(compare_live(result, note.manifest, needed=note.needed), note) for result, note in notes)


_NO_NOTE = Note()

Past = Callable[[Mapping[str, str]], Mapping[str, Manifest]]
"""Given hosts without a note to go by, and their machine-ids, return what the ledger says was noted there."""


def no_past(machines: Mapping[str, str]) -> Mapping[str, Manifest]:  # noqa: ARG001 - the signature of Past
    """Return nothing: no ledger is at hand."""
    return {}


@dataclass(frozen=True, slots=True)
class Looking:
    """How to look: over which sessions, for which contract, with which secrets; `holder` takes the hosts' locks.

    `past` is asked about hosts whose note is missing or cannot be read. `formerly` is the contract's former name.
    """

    sessions: Sessions
    contract: str
    secrets: Secrets
    holder: str = ""
    past: Past = no_past
    formerly: str = ""

    def survey(self, work: Mapping[str, Work], on: Iterable[str], *, on_progress: Progress | None = None) -> Survey:
        """Given all work and the hosts to look at, return what is seen there."""
        chosen = list(on)
        lying = self.sessions.each(self._note, chosen)
        steps = {name: work[name].make for name in chosen if not isinstance(lying[name], HostLost)}
        results = (
            dict(check_hosts(self.sessions, steps, self.secrets, on_progress=on_progress))
            if any(steps.values())
            else {}
        )
        found = {}
        for name in chosen:
            note = lying[name]
            if isinstance(note, HostLost):
                found[name] = _unknown(note, work[name].make)
            else:
                found[name] = results.get(name) or HostResult(name, Reach.REACHED, ())
        notes = self._judged({name: it for name, it in lying.items() if not isinstance(it, HostLost)}, steps)
        return Survey(found, self._with_needed(notes, steps))

    def _with_needed(self, notes: dict[str, Note], steps: Mapping[str, Sequence[Step]]) -> dict[str, Note]:
        """Return the notes, each with those of its entries that leave the policy although others need them."""
        leaving = {name: _leaving(note.manifest, steps[name]) for name, note in notes.items()}

        def look(session: Session) -> Mapping[str, str]:
            host, going = host_of(session), leaving[session.name]
            made = {entry.step.identity: entry.step for entry in going if entry.made}
            why = {identity: required_by(step, host, made.keys()) for identity, step in made.items()}
            others = notes_of_others(session, self.contract) if len(made) < len(going) else {}
            for other, theirs in others.items():
                why |= {it.step.identity: f"managed by the contract {other}" for it in theirs.entries if it.made}
            return {entry.step.identity: words for entry in going if (words := why.get(entry.step.identity))}

        found = self.sessions.each(look, [name for name, going in leaving.items() if going])
        needed = {name: it for name, it in found.items() if not isinstance(it, HostLost)}
        return {name: replace(note, needed=needed[name]) if needed.get(name) else note for name, note in notes.items()}

    def _judged(self, lying: Mapping[str, Note | Found], steps: Mapping[str, Sequence[Step]]) -> dict[str, Note]:
        """Given what lies on hosts, return their notes; the ledger is read only when one is missing or damaged."""
        path = names.manifest(self.contract)
        doubtful = {name: it for name, it in lying.items() if isinstance(it, Found)}
        past = self.past({name: found.machine for name, found in doubtful.items()}) if doubtful else {}

        def judged(name: str, it: Note | Found) -> Note:
            if not isinstance(it, Found):
                return it
            wanted = (step.identity for step in steps[name])
            return claimed_by_others(note_of(path, it, past.get(name)), it, wanted)

        return {name: judged(name, it) for name, it in lying.items()}

    def _note(self, session: Session) -> Note | Found:
        """Return the host's note, or what was found where the ledger is to be asked; take the host's lock before."""
        if self.holder:
            session.lock(self.holder)
        path = names.manifest(self.contract)
        try:
            found = Found(session.read(path))
        except NotRead as error:
            found = Found(unreadable=str(error))
        note = with_former(session, note_of(path, found, None), self.formerly)
        if not note.adopts:
            return note
        return replace(found, machine=machine_of(session), others=notes_of_others(session, self.contract))


def _leaving(manifest: Manifest, steps: Iterable[Step]) -> list[Entry]:
    """Return what is noted on a host and no policy wants any more."""
    wanted = {step.identity for step in steps} if manifest.entries else set()
    return [entry for entry in manifest.entries if entry.step.identity not in wanted]


def is_noted(session: Session, contract: str) -> bool:
    """Given a session and a contract's name, return whether its note on the host tells of anything, or may."""
    try:
        data = session.read(names.manifest(contract))
        return data is not None and bool(from_text(data.decode()).entries)
    except (NotRead, ValueError, KeyError, TypeError):
        return True


def machine_of(session: Session) -> str:
    """Given a session, return the machine-id of its host: another one under the same name is another machine."""
    try:
        return (session.read("/etc/machine-id") or b"").decode("ascii", "replace").strip()
    except NotRead:
        return ""


def _unknown(lost: HostLost, steps: tuple[Step, ...]) -> HostResult:
    checks = tuple(Check(step, State.UNKNOWN, lost.detail) for step in steps)
    return HostResult(lost.host, lost.reach, checks, lost.detail)
