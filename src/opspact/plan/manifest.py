"""What opspact manages on a host, recorded on that host: so that what leaves the policy is removed, and nothing else.

In: the manifest file's text, steps. Out: the same, the other way.
"""

import json
from collections.abc import Collection, Iterable

from opspact.model import names
from opspact.plan.commit_order import AppliedCommit
from opspact.steps.base import Step
from opspact.steps.kinds import as_data, from_data
from opspact.steps.traits import can_be_adopted
from opspact.structs import Struct, asdict, replace

SCHEMA = names.document_schema("manifest")
VERSION = 1


class NewerManifest(ValueError):  # noqa: N818 - named after the decision it causes
    """A manifest that a newer opspact wrote: it may contain what this one would lose."""


class Entry(Struct):
    """One step on the host. `made`: opspact created the subject; else it existed before, and stays."""

    step: Step
    made: bool


class Manifest(Struct):
    """All entries for one contract on one host, in the order of making; and the commit that last changed the host."""

    entries: tuple[Entry, ...] = ()
    applied: AppliedCommit = AppliedCommit()

    def contains(self, identity: str) -> bool:
        """Return whether a step of that identity is in it."""
        return any(entry.step.identity == identity for entry in self.entries)


def to_text(manifest: Manifest) -> str:
    """Given a manifest, return its file: one JSON object, the same text for the same entries."""
    steps = [{"made": entry.made, **as_data(entry.step)} for entry in manifest.entries]
    applied = asdict(manifest.applied) if manifest.applied.is_known else None
    data = {"schema": SCHEMA, "version": VERSION, **({"last_applied": applied} if applied else {}), "steps": steps}
    return json.dumps(data, ensure_ascii=False, indent=1) + "\n"


def from_text(text: str) -> Manifest:
    """Given the file's text, return the manifest.

    Raise NewerManifest when it is of a newer version, ValueError when it is damaged: nothing is removed on a guess.
    """
    if not text:
        raise ValueError("it is empty")
    try:
        data = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise ValueError("not an opspact manifest")
    if (version := data.get("version")) != VERSION:
        if isinstance(version, int) and version > VERSION:
            raise NewerManifest(f"version {version}, this opspact supports {VERSION}")
        raise ValueError("it is not a manifest of opspact")
    steps = data.get("steps")
    if not isinstance(steps, list):
        raise ValueError("its list of steps is missing")  # noqa: TRY004 - what is read is wrong, not the call
    return Manifest(tuple(_entry(item) for item in steps), _applied(data.get("last_applied", {})))


def _applied(data: object) -> AppliedCommit:
    """Return the commit that a manifest names."""
    if not isinstance(data, dict) or not all(isinstance(value, str) for value in data.values()):
        raise ValueError("its last applied commit is invalid")
    return AppliedCommit(data.get("commit", ""), data.get("made", ""), data.get("applied", ""))


def new_entries(before: Manifest, after: Manifest) -> tuple[Entry, ...]:
    """Given a host's manifest before and after it was written, return the new entries that opspact creates."""
    known = set(before.entries)
    return tuple(entry for entry in after.entries if entry.made and entry not in known)


def dropped(before: Manifest, after: Manifest) -> tuple[str, ...]:
    """Given a host's manifest before and after it was written, return the identities that it does not list any more."""
    return tuple(entry.step.identity for entry in before.entries if not after.contains(entry.step.identity))


def _entry(item: object) -> Entry:
    if not isinstance(item, dict) or not isinstance(item.get("made"), bool):
        raise ValueError("it has an invalid entry")  # noqa: TRY004 - what is read is wrong, not the call
    return Entry(from_data({name: value for name, value in item.items() if name != "made"}), item["made"])


def merged(manifest: Manifest, steps: Iterable[Step], present: Iterable[str]) -> Manifest:
    """Given a manifest, the steps wanted and which of them the host had before, return the one written before work.

    Entries that leave the policy stay in it, first, until they are really gone; an entry listed once keeps its `made`.
    What replaces something that opspact created (a link in the place of a file) is created by opspact too.
    """
    wanted = {step.identity: step for step in steps}
    listed = {entry.step.identity: entry for entry in manifest.entries}
    had_before = set(present)
    made_paths = {path for entry in manifest.entries if entry.made for path in entry.step.paths}
    leaving = [entry for entry in manifest.entries if entry.step.identity not in wanted]

    def made(step: Step) -> bool:
        if (entry := listed.get(step.identity)) is not None:
            return entry.made
        return _is_new(step, had_before) or not made_paths.isdisjoint(step.paths)

    staying = [Entry(step, made(step)) for step in wanted.values() if step.tasks()]
    return replace(manifest, entries=(*leaving, *staying))


def adopted_steps(manifest: Manifest, present: Iterable[Step], shared: Collection[str]) -> tuple[str, ...]:
    """Given a manifest and which of the steps wanted the host has, return the identities of those taken over with it.

    `shared`: identities of what another contract created.
    """
    steps = {step.identity: step for step in present if not manifest.contains(step.identity)}
    had = steps.keys() - set(shared)
    known = {entry.step.identity for entry in manifest.entries}
    after = merged(manifest, steps.values(), had)
    return tuple(it.step.identity for it in after.entries if not it.made and it.step.identity not in known)


def _is_new(step: Step, had_before: Collection[str]) -> bool:
    # Rights under opspact's own name are never adopted: they must leave with their policy though the manifest was lost.
    ours = not can_be_adopted(step) or any(map(names.is_sudoers, step.paths))
    return ours or step.identity not in had_before


def taken_over(own: Manifest, former: Manifest) -> Manifest:
    """Given a host's manifest and the one under the contract's former name, return one of both."""
    made = {entry.step.identity for entry in former.entries if entry.made}
    kept = tuple(replace(entry, made=entry.made or entry.step.identity in made) for entry in own.entries)
    return replace(own, entries=(*(it for it in former.entries if not own.contains(it.step.identity)), *kept))


def without(manifest: Manifest, identities: Iterable[str]) -> Manifest:
    """Given a manifest and the identities that are gone from the host, return it without those entries."""
    gone = set(identities)
    return replace(manifest, entries=tuple(it for it in manifest.entries if it.step.identity not in gone))
