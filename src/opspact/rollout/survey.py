"""Look at hosts before or after acting: every wanted step's state, and the note of what opspact put there.

Comes in: sessions, each host's work, secrets. Goes out: a survey. Called by rollout.apply and by the commands.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from opspact.compile.shapes import Work
from opspact.fleet.failures import HostLost, NotRead
from opspact.fleet.session import Session
from opspact.fleet.sessions import Progress, Sessions
from opspact.model import manifest, names
from opspact.model.manifest import Manifest
from opspact.model.plan import HostPlan, compare_live
from opspact.model.result import Check, HostResult, Reach, Results, State
from opspact.model.secret import Secrets
from opspact.model.steps.base import Step
from opspact.verify.look import look_at


@dataclass(frozen=True, slots=True)
class Survey:
    """What was seen, host by host. A host that could not be looked at has its reach in its result and no manifest."""

    results: Results
    manifests: Mapping[str, Manifest]

    def plans(self) -> tuple[HostPlan, ...]:
        """Return what is to be done on each host."""
        return tuple(
            compare_live(result, self.manifests.get(name, Manifest())) for name, result in self.results.items()
        )


@dataclass(frozen=True, slots=True)
class Looking:
    """How to look: over which sessions, for which contract, with which secrets; `holder` takes the hosts' locks."""

    sessions: Sessions
    contract: str
    secrets: Secrets
    holder: str = ""

    def survey(self, work: Mapping[str, Work], on: Iterable[str], *, on_progress: Progress | None = None) -> Survey:
        """Given all work and the hosts to look at, return what is seen there."""
        chosen = list(on)
        notes = self.sessions.each(self._note, chosen)
        steps = {name: work[name].make for name in chosen if not isinstance(notes[name], HostLost)}
        results = (
            dict(look_at(self.sessions, steps, self.secrets, on_progress=on_progress)) if any(steps.values()) else {}
        )
        found = {}
        for name in chosen:
            note = notes[name]
            if isinstance(note, HostLost):
                found[name] = _unknown(note, work[name].make)
            else:
                found[name] = results.get(name) or HostResult(name, Reach.REACHED, ())
        manifests = {name: note for name, note in notes.items() if isinstance(note, Manifest)}
        return Survey(found, manifests)

    def _note(self, session: Session) -> Manifest:
        """Return what opspact noted on the host, once the host is ours to change if it is to be."""
        if self.holder:
            session.lock(self.holder)
        path = names.manifest(self.contract)
        try:
            return manifest.from_text((session.read(path) or b"").decode())
        except (ValueError, KeyError, TypeError, NotRead) as error:
            detail = f"{path} cannot be understood: {error}; nothing is done here before somebody has looked at it"
            raise HostLost(session.name, Reach.BROKEN, detail) from error


def _unknown(lost: HostLost, steps: tuple[Step, ...]) -> HostResult:
    checks = tuple(Check(step, State.UNKNOWN, lost.detail) for step in steps)
    return HostResult(lost.host, lost.reach, checks, lost.detail)
