"""Write on hosts what opspact puts there, and keep in the ledger what each note says anew: a lost one is made of that.

Comes in: sessions, a survey, what is gone. Goes out: notes on hosts, and what is recorded of them; and, the other way,
what a ledger says was noted on a machine.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import merge
from operator import attrgetter
from shlex import quote

from opspact.errors import Refused
from opspact.fleet.failures import NotWritten
from opspact.fleet.session import Session
from opspact.fleet.sessions import Sessions
from opspact.ledger.apply_events import ApplyFinished, ApplyStarted, ManifestChange, ManifestChanges
from opspact.ledger.events import Recorded
from opspact.ledger.store import Ledger
from opspact.model import names
from opspact.plan import manifest
from opspact.plan.manifest import Entry, Manifest
from opspact.plan.manifest_state import NoteState, damaged_copy, way_out_of_claims
from opspact.rollout.survey import Survey, machine_of
from opspact.steps.base import Step
from opspact.steps.kinds import as_data, from_data


@dataclass(frozen=True, slots=True)
class Noting:
    """What one host's note said anew: things that opspact brings, identities that are gone, on which machine.

    `adopted`: how many things count as there before, since neither a note nor the ledger knew of an earlier apply.
    `claimed`: those of them that another contract made, and its name.
    """

    machine: str
    brought: tuple[Entry, ...] = ()
    gone: tuple[str, ...] = ()
    adopted: int = 0
    claimed: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Noted:
    """What came of writing notes, by host: what they said anew, and why one was not written."""

    hosts: Mapping[str, Noting] = field(default_factory=dict)
    why: Mapping[str, str] = field(default_factory=dict)


def write_notes(
    sessions: Sessions, survey: Survey, contract: str, *, gone: Mapping[str, Iterable[str]], formerly: str = ""
) -> Noted:
    """Given what was seen and, for the hosts to note on, what is gone there, write what opspact has put there or will.

    A damaged note is kept beside; one that must not be written over stays, and is a reason to do nothing there. The
    note under the contract's former name is deleted once the new one holds what it held.
    """

    def write(session: Session) -> Noting | str:
        note, checks = survey.notes[session.name], survey.results[session.name].checks
        if note.state is NoteState.HELD:
            return note.detail
        present = [check.step.identity for check in checks if check.present is not False]
        steps = [check.step for check in checks]
        new = manifest.without(manifest.merged(note.manifest, steps, present), gone[session.name])
        if note.is_there and new == note.manifest:
            return ""
        path = names.manifest(contract)
        try:
            session.run(f"mkdir -p -m 0755 {names.MANIFESTS}")
            if note.state is NoteState.DAMAGED:
                _keep(session, path)
            session.write(path, manifest.to_text(new).encode(), "0600")
            if formerly:
                session.run(f"rm -f -- {quote(names.manifest(formerly))}")
        except NotWritten as error:
            return str(error)
        return Noting(
            machine_of(session),
            manifest.brought(note.manifest, new),
            manifest.dropped(note.manifest, new),
            sum(not it.made and it.step.identity not in note.claimed for it in new.entries) if note.adopts else 0,
            note.claimed,
        )

    said = sessions.each(write, [name for name in gone if name in survey.notes])
    return Noted(
        {name: noting for name, noting in said.items() if isinstance(noting, Noting)},
        {name: str(why) for name, why in said.items() if why and not isinstance(why, Noting)},
    )


def adopted(noted: Noted) -> tuple[str, ...]:
    """Given what was noted, return a line on what counts as there before since nobody knows better, if anything."""
    owners = sorted({owner for it in noted.hosts.values() for owner in it.claimed.values()})
    claimed = (f"some of what is wanted was {way_out_of_claims(owners)}",) if owners else ()
    numbers = [it.adopted for it in noted.hosts.values() if it.adopted]
    if not numbers:
        return claimed
    things = "1 thing" if sum(numbers) == 1 else f"{sum(numbers):,} things"
    hosts = "1 host" if len(numbers) == 1 else f"{len(numbers):,} hosts"
    why = "no note told otherwise, and this ledger knows of no earlier apply there"
    return (*claimed, f"{things} on {hosts}, counted as there before opspact: {why}; that stays when its policy goes")


def _keep(session: Session, path: str) -> None:
    """Keep a damaged note beside the new one. Raise NotWritten when that cannot be done."""
    kept = session.run(f"cp -pT -- {quote(path)} {quote(damaged_copy(path))}")
    if kept.rc != 0:
        raise NotWritten(f"{session.name}: {path} is damaged, and could not be kept as {damaged_copy(path)}")


def manifest_changes(noted: Noted) -> ManifestChanges:
    """Given what notes said anew, return it for an event: each step once, hosts refer to its place in the list."""
    places: dict[Step, int] = {}
    hosts = {
        name: ManifestChange(
            it.machine, tuple(places.setdefault(entry.step, len(places)) for entry in it.brought), it.gone
        )
        for name, it in noted.hosts.items()
    }
    return ManifestChanges(hosts, tuple(as_data(step) for step in places))


def known_of(ledger: Ledger | None, contract: str, machines: Mapping[str, str]) -> dict[str, Manifest]:
    """Given hosts and their machine-ids, return what the ledger says was noted there; nothing for a host unknown to it.

    Everything in it was brought by opspact. Raise Refused when a step is of a kind that this opspact cannot read.
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


def _changes(ledger: Ledger | None, contract: str) -> Iterator[ManifestChanges]:
    """Yield what manifests said anew with each apply, in the order of recording."""
    if ledger is None:
        return
    started = ledger.read(ApplyStarted, contract=contract)
    finished = ledger.read(ApplyFinished, contract=contract)
    applies: Iterator[Recorded[ApplyStarted | ApplyFinished]] = merge(started, finished, key=attrgetter("sequence"))
    for each in applies:
        yield each.event.manifests


def _entries(changes: ManifestChanges, host: str) -> list[Entry]:
    try:
        return [Entry(from_data(step), made=True) for step in changes.brought(host)]
    except ValueError as error:
        hint = "take the opspact that recorded it; nothing is taken away on a guess"
        raise Refused(f"the ledger holds {error}", hint=hint) from error
