"""Check hosts before or after acting: every wanted step's state, and the manifest of what opspact manages there.

In: sessions, each host's work, secrets. Out: a survey.
"""

from collections.abc import Callable, Collection, Iterable, Mapping

from opspact.compile.shape import Work
from opspact.fleet.failures import HostLost, ReadFailed
from opspact.fleet.session import Session
from opspact.fleet.sessions import Progress, Sessions
from opspact.ledger.context import KNOWN_SECRETS
from opspact.ledger.redaction import masked
from opspact.model import names
from opspact.onhost.redaction import Redactor
from opspact.plan.change import Action
from opspact.plan.commit_order import CommitHistory
from opspact.plan.live_comparison import compare_live, with_manifest
from opspact.plan.manifest import Entry, Manifest, from_text
from opspact.plan.manifest_state import HostManifest, ManifestFile, host_manifest, with_commit_order
from opspact.plan.other_contracts import has_changes
from opspact.plan.plan import HostPlan
from opspact.rollout import change_guard
from opspact.rollout.foreign_manifests import with_former_name, with_other_manifests
from opspact.rollout.own_login import login_refusals
from opspact.steps.base import CheckedHost, Step
from opspact.steps.check import Check, HostResult, Reach, Results, State
from opspact.steps.traits import required_by, used_by
from opspact.structs import Struct, replace
from opspact.values.secret import Secrets
from opspact.verify.backend import host_of
from opspact.verify.batch import CHECK_ERRORS
from opspact.verify.check import check_hosts


class Survey(Struct):
    """What was seen, host by host. A host that was not reached has its reach in its result, and no manifest."""

    results: Results
    manifests: Mapping[str, HostManifest]

    def plans(self) -> tuple[HostPlan, ...]:
        """Return what is to be done on each host."""
        return tuple(_plan(result, self.manifests.get(name, _NO_MANIFEST)) for name, result in self.results.items())


def _plan(result: HostResult, manifest: HostManifest) -> HostPlan:
    plan = compare_live(
        result, manifest.manifest, needed=manifest.needed, others=manifest.others, refused=manifest.refused
    )
    return with_manifest(plan, manifest)


_NO_MANIFEST = HostManifest()

Recorded = Callable[[Mapping[str, str]], Mapping[str, Manifest]]
"""Given hosts without a usable manifest, and their machine-ids, return the manifests that the ledger records."""


def nothing_recorded(machines: Mapping[str, str]) -> Mapping[str, Manifest]:  # noqa: ARG001 - the signature of Recorded
    """Return nothing: no ledger is available."""
    return {}


Rebuilt = Callable[[Mapping[str, str]], Collection[str]]
"""Given hosts without a usable manifest, and their machine-ids, return those that the ledger knows as others."""


def nothing_replaced(machines: Mapping[str, str]) -> Collection[str]:  # noqa: ARG001 - the signature of Rebuilt
    """Return nothing: no ledger is available."""
    return ()


class Surveyor(Struct):
    """How to survey: over which sessions, for which contract, with which secrets; `holder` takes the hosts' locks.

    `recorded` and `rebuilt` are asked about hosts whose manifest is missing or cannot be read. `formerly` is the
    contract's former name, `history` that of its commit. `redactor` masks secrets in what is said of hosts.
    """

    sessions: Sessions
    contract: str
    secrets: Secrets
    holder: str = ""
    recorded: Recorded = nothing_recorded
    rebuilt: Rebuilt = nothing_replaced
    formerly: str = ""
    history: CommitHistory = CommitHistory()
    redactor: Redactor = KNOWN_SECRETS

    def survey(self, work: Mapping[str, Work], on: Iterable[str], *, on_progress: Progress | None = None) -> Survey:
        """Given all work and the hosts to check, return what is seen there."""
        chosen = list(on)
        read = self.sessions.each(self._read, chosen)
        steps = {name: work[name].make for name in chosen if not isinstance(read[name], HostLost)}
        results: Results = {}
        if any(steps.values()):
            results = check_hosts(self.sessions, steps, self.secrets, on_progress=on_progress)
        found = {}
        for name in chosen:
            manifest = read[name]
            if isinstance(manifest, HostLost):
                found[name] = _unknown(manifest, work[name].make)
            else:
                found[name] = results.get(name) or HostResult(name, Reach.REACHED, ())
        found = masked(found, self.redactor)
        manifests = self._judged({name: it for name, it in read.items() if not isinstance(it, HostLost)})
        return Survey(found, self._with_others(manifests, found))

    def _with_others(self, manifests: dict[str, HostManifest], results: Results) -> dict[str, HostManifest]:
        """Return the manifests, each with what others on its host need or want: other contracts, other packages.

        Where nothing is to change, nobody is asked.
        """

        def with_others(session: Session) -> HostManifest:
            own, wanted = manifests[session.name], {it.step.identity for it in results[session.name].checks}
            found = with_other_manifests(session, own, (self.contract, self.formerly), wanted=wanted)
            leaving = {it.step.identity: it.step for it in _leaving(own.manifest, wanted) if it.made}
            users = {"": [it.step for it in results[session.name].checks], **_wanted_by(found)}
            needed, unknown = _needed(leaving, host_of(session), users)
            known = replace(found, needed=needed, refused=unknown)
            changes = _plan(results[session.name], known)
            if not changes.is_empty:
                known = with_commit_order(known, self.history.order(known.manifest.applied), self.history.head.commit)
                changes = _plan(results[session.name], known)
            made, removed = ([it.step for it in some] for some in (changes.makes(), changes.of(Action.REMOVE)))
            return replace(known, refused={**unknown, **login_refusals(session, made=made, removed=removed)})

        doubtful = [name for name, it in manifests.items() if has_changes(results[name], it.manifest)]
        found = self.sessions.each(with_others, doubtful)
        return manifests | {name: it for name, it in found.items() if not isinstance(it, HostLost)}

    def _judged(self, read: Mapping[str, HostManifest | ManifestFile]) -> dict[str, HostManifest]:
        """Given what is on hosts, return their manifests; the ledger is read only when one is missing or damaged."""
        path = names.manifest(self.contract)
        doubtful = {name: it for name, it in read.items() if isinstance(it, ManifestFile)}
        machines = {name: found.machine for name, found in doubtful.items()}
        recorded = self.recorded(machines) if doubtful else {}
        unknown = {name: machine for name, machine in machines.items() if name not in recorded}
        rebuilt = self.rebuilt(unknown) if unknown else ()
        judged = {
            name: host_manifest(path, it, recorded.get(name), is_rebuilt=name in rebuilt)
            for name, it in doubtful.items()
        }
        return {name: judged[name] if isinstance(it, ManifestFile) else it for name, it in read.items()}

    def _read(self, session: Session) -> HostManifest | ManifestFile:
        """Return the host's manifest, or what was found where the ledger decides; take the host's lock before."""
        if self.holder:
            session.lock(self.holder)
        elif why := change_guard.problem(session):
            return host_manifest("", ManifestFile(unreadable=f"{session.name}: {why}"), None)
        path = names.manifest(self.contract)
        try:
            found = ManifestFile(session.read(path))
            manifest = with_former_name(session, host_manifest(path, found, None), self.formerly)
            return replace(found, machine=machine_of(session)) if manifest.adopts else manifest
        except ReadFailed as error:
            return host_manifest(path, ManifestFile(unreadable=str(error)), None)


def _leaving(manifest: Manifest, wanted: Collection[str]) -> list[Entry]:
    """Return the entries of a host's manifest that no policy wants any more, given the identities wanted."""
    return [entry for entry in manifest.entries if entry.step.identity not in wanted]


def _wanted_by(manifest: HostManifest) -> dict[str, list[Step]]:
    """Return what other contracts want on a host, by contract."""
    return {name: [entry.step for entry in it.entries] for name, it in manifest.others.items()}


def _needed(
    leaving: Mapping[str, Step], host: CheckedHost, users: Mapping[str, Collection[Step]]
) -> tuple[dict[str, str], dict[str, str]]:
    """Given what leaves, by identity, and its host, return what others there need and why; and of what nobody knows.

    `users`: what is wanted there, by contract; this one's own has no name.
    """
    needed: dict[str, str] = {}
    unknown: dict[str, str] = {}
    for identity, step in leaving.items():
        try:
            why = required_by(step, host, leaving.keys()) or _used(step, host, users)
        except (LookupError, *CHECK_ERRORS) as error:
            unknown[identity] = f"it is not known whether others need it: {error}"
        else:
            needed |= {identity: why} if why else {}
    return needed, unknown


def _used(step: Step, host: CheckedHost, users: Mapping[str, Collection[Step]]) -> str:
    for name, wanted in users.items():
        if user := used_by(step, host, wanted):
            return f"needed by {user}{f' of the contract {name}' if name else ''}"
    return ""


def has_manifest(session: Session, contract: str) -> bool:
    """Given a session and a contract's name, return whether its manifest on the host lists anything, or may."""
    try:
        data = session.read(names.manifest(contract))
        return data is not None and bool(from_text(data.decode()).entries)
    except (ReadFailed, ValueError, KeyError, TypeError):
        return True


def machine_of(session: Session) -> str:
    """Given a session, return the machine-id of its host: another one under the same name is another machine.

    Empty: it has none. Raise ReadFailed when it cannot be read.
    """
    return (session.read("/etc/machine-id") or b"").decode("ascii", "replace").strip()


def _unknown(lost: HostLost, steps: tuple[Step, ...]) -> HostResult:
    checks = tuple(Check(step, State.UNKNOWN, lost.detail) for step in steps)
    return HostResult(lost.host, lost.reach, checks, lost.detail)
