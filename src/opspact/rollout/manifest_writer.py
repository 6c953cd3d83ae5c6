"""Write manifests on hosts, and record each change of one in the ledger: a lost manifest is written again from there.

In: sessions, a survey, what is gone. Out: manifests on hosts, and what is recorded of them; and, the other way, the
manifests that a ledger records.
"""

from collections.abc import Iterable, Iterator, Mapping
from heapq import merge
from operator import attrgetter
from shlex import quote

from opspact.errors import Refused
from opspact.fleet.failures import ReadFailed, WriteFailed
from opspact.fleet.session import Session
from opspact.fleet.sessions import Sessions
from opspact.ledger.apply_events import ApplyFinished, ApplyStarted, ManifestChange, ManifestChanges
from opspact.ledger.events import Recorded
from opspact.ledger.store import Ledger
from opspact.model import names
from opspact.model.contract import Contract
from opspact.plan import manifest
from opspact.plan.commit_order import AppliedCommit
from opspact.plan.manifest import Entry, Manifest
from opspact.plan.manifest_state import HostManifest, ManifestState, claim_remedy, damaged_copy
from opspact.plan.other_contracts import made_by_others
from opspact.rollout.former_files import keep_files
from opspact.rollout.survey import Survey, machine_of
from opspact.steps.base import Step
from opspact.steps.check import HostResult
from opspact.steps.kinds import as_data, from_data
from opspact.structs import Struct, field, replace
from opspact.text.counts import format_count
from opspact.text.names import list_names

_SHOWN = 3  # names in a line


class ManifestUpdate(Struct):
    """What is new in one host's manifest: things that opspact creates, identities that are gone, on which machine.

    `adopted`: how many things count as existing before, since neither a manifest nor the ledger has a record of an
    earlier apply. `claimed`: those of them that another contract created, and its name. `kept`: files that are about
    to be written over, and were kept as they are.
    """

    machine: str
    brought: tuple[Entry, ...] = ()
    gone: tuple[str, ...] = ()
    adopted: int = 0
    claimed: Mapping[str, str] = field(default_factory=dict)
    kept: tuple[str, ...] = ()


class ManifestUpdates(Struct):
    """What came of writing manifests, by host: what is new in them, and why one was not written."""

    hosts: Mapping[str, ManifestUpdate] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)


def to_write(survey: Survey) -> tuple[str, ...]:
    """Given what was seen, return the hosts whose manifest is to be written before anything is done there."""
    return tuple(
        name
        for name, old in survey.manifests.items()
        if not old.stops_work and _new(old, survey.results[name], ()) is not None
    )


def _new(old: HostManifest, result: HostResult, gone: Iterable[str]) -> Manifest | None:
    """Return a host's manifest as it is to be written, None when it says that already."""
    # What another contract created is shared from now on: whichever needs it last removes it.
    shared = made_by_others(old.others)
    identities = (check.step.identity for check in result.checks if check.present is not False)
    present = [identity for identity in identities if identity not in shared]
    steps = [check.step for check in result.checks]
    new = manifest.without(manifest.merged(old.manifest, steps, present), gone)
    return None if old.is_there and new == old.manifest else new


def write_manifests(
    sessions: Sessions,
    survey: Survey,
    contract: Contract,
    *,
    gone: Mapping[str, Iterable[str]],
    applied: Mapping[str, AppliedCommit],
) -> ManifestUpdates:
    """Given what was seen and, for the hosts to write on, what is gone there, write what opspact manages there or will.

    A damaged manifest is kept beside; one that must not be overwritten stays, and is a reason to do nothing there. The
    one under the contract's former name is deleted once the new one lists what it listed. `applied`: by host, which
    commit is about to change it.
    """

    def write(session: Session) -> ManifestUpdate | str:
        old = survey.manifests[session.name]
        if old.stops_work:
            return old.detail
        result = survey.results[session.name]
        new = _new(old, result, gone[session.name])
        if new is None and session.name not in applied:
            return ""
        new = replace(new or old.manifest, applied=applied.get(session.name, old.manifest.applied))
        path = names.manifest(contract.name)
        try:
            machine = machine_of(session)
            former = keep_files(session, old, result, changes=session.name in applied)
            session.run(f"mkdir -p -m 0755 {names.MANIFESTS}")
            if old.state is ManifestState.DAMAGED:
                _keep(session, path)
            session.write(path, manifest.to_text(new).encode(), "0600")
            if contract.formerly:
                session.run(f"rm -f -- {quote(names.manifest(contract.formerly))}")
        except (ReadFailed, WriteFailed) as error:
            return str(error)
        return ManifestUpdate(
            machine,
            manifest.new_entries(old.manifest, new),
            manifest.dropped(old.manifest, new),
            sum(not it.made and it.step.identity not in old.claimed for it in new.entries) if old.adopts else 0,
            old.claimed,
            former,
        )

    written = sessions.each(write, [name for name in gone if name in survey.manifests])
    return ManifestUpdates(
        {name: update for name, update in written.items() if isinstance(update, ManifestUpdate)},
        {name: str(why) for name, why in written.items() if why and not isinstance(why, ManifestUpdate)},
    )


def adopted(updates: ManifestUpdates) -> tuple[str, ...]:
    """Given what is new in manifests, return lines on what existed before, if anything: claimed, kept, unrecorded."""
    owners = sorted({owner for it in updates.hosts.values() for owner in it.claimed.values()})
    claimed: tuple[str, ...] = (f"some wanted items are {claim_remedy(owners)}",) if owners else ()
    claimed += tuple(_kept({name: it.kept for name, it in updates.hosts.items() if it.kept}))
    numbers = [it.adopted for it in updates.hosts.values() if it.adopted]
    if not numbers:
        return claimed
    things, hosts = format_count(sum(numbers), "item"), format_count(len(numbers), "host")
    words = (
        f"{things} on {hosts} already existed, not managed by opspact: neither a manifest nor an earlier apply in this "
        "ledger lists them; they stay in place when no policy needs them"
    )
    return (*claimed, words)


def _kept(hosts: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """Yield one line on the files that were kept, if any."""
    if hosts:
        paths = list_names(sorted({path for of_host in hosts.values() for path in of_host}), _SHOWN)
        places = f"{names.FORMER_FILES} on {list_names(list(hosts), _SHOWN)}"
        yield f"{paths} existed: the former content is kept below {places}"


def _keep(session: Session, path: str) -> None:
    """Keep a damaged manifest beside the new one. Raise WriteFailed when that cannot be done."""
    kept = session.run(f"cp -pT -- {quote(path)} {quote(damaged_copy(path))}")
    if kept.rc != 0:
        raise WriteFailed(f"{session.name}: {path} is damaged and cannot be copied to {damaged_copy(path)}")


def manifest_changes(updates: ManifestUpdates) -> ManifestChanges:
    """Given what is new in manifests, return it for an event: each step once, hosts refer to its place in the list."""
    places: dict[Step, int] = {}
    hosts = {
        name: ManifestChange(
            it.machine, tuple(places.setdefault(entry.step, len(places)) for entry in it.brought), it.gone
        )
        for name, it in updates.hosts.items()
    }
    return ManifestChanges(hosts, tuple(as_data(step) for step in places))


def recorded_manifests(ledger: Ledger | None, contract: str, machines: Mapping[str, str]) -> dict[str, Manifest]:
    """Given hosts and their machine-ids, return the manifests that the ledger records there, of the hosts it knows.

    Everything in them was created by opspact. Raise Refused when a step is of a kind that this opspact cannot read.
    """
    known: dict[str, dict[str, Entry]] = {}
    for changes in _changes(ledger, contract):
        for name in machines.keys() & changes.hosts.keys():
            change = changes.hosts[name]
            if change.machine != machines[name]:
                continue
            entries = known.setdefault(name, {})
            entries |= {entry.step.identity: entry for entry in _entries(changes, name)}
            for identity in change.gone:
                entries.pop(identity, None)
    return {name: Manifest(tuple(entries.values())) for name, entries in known.items()}


def replaced_machines(ledger: Ledger | None, contract: str, machines: Mapping[str, str]) -> frozenset[str]:
    """Given hosts and their machine-ids, return those that the ledger knows as other machines alone."""
    known: dict[str, set[str]] = {}
    for changes in _changes(ledger, contract):
        for name in machines.keys() & changes.hosts.keys():
            known.setdefault(name, set()).add(changes.hosts[name].machine)
    return frozenset(name for name, ids in known.items() if machines[name] and ids - {""} and machines[name] not in ids)


def _changes(ledger: Ledger | None, contract: str) -> Iterator[ManifestChanges]:
    """Yield what was new in manifests with each apply, in the order of recording."""
    if ledger is None:
        return
    started = ledger.read(ApplyStarted, contract=contract)
    finished = ledger.read(ApplyFinished, contract=contract)
    applies: Iterator[Recorded[ApplyStarted | ApplyFinished]] = merge(started, finished, key=attrgetter("sequence"))
    for each in applies:
        yield each.event.manifests


def _entries(changes: ManifestChanges, host: str) -> list[Entry]:
    try:
        return [Entry(from_data(step), made=True) for step in changes.steps_on(host)]
    except ValueError as error:
        hint = "use the version of opspact that recorded it; nothing was removed"
        raise Refused(f"a manifest in the ledger cannot be read: {error}", hint=hint) from error
