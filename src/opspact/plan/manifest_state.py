"""A host's note of what opspact put there, judged: in order, missing, damaged; and what is believed in its place.

Comes in: what was found on the host, and what the ledger says of earlier applies there. Goes out: the note.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from opspact.plan.manifest import Manifest, Newer, from_text


class NoteState(StrEnum):
    """How it stands with a host's note."""

    IN_ORDER = "in order"  # read; or there is none, and this ledger knows of none that was ever written
    MISSING = "missing"  # an earlier apply wrote one, and it is gone
    DAMAGED = "damaged"  # it is there, and cannot be understood
    CLAIMED = "claimed"  # there is none yet, and another contract's note names what is wanted here as its own
    HELD = "held"  # nobody may write over it: it cannot be read at all, or a newer opspact wrote it


@dataclass(frozen=True, slots=True)
class Found:
    """What lies on a host. `data`: the note's bytes, None when there is none. `machine`: the host's machine-id.

    `unreadable`: why nothing could be read although something is there. `others`: the notes of other contracts.
    """

    data: bytes | None = None
    machine: str = ""
    unreadable: str = ""
    others: Mapping[str, Manifest] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Note:
    """A host's note. `manifest` is what is believed; `detail` says what is wrong and the way out, empty: nothing is.

    `is_there`: a file with just this manifest lies on the host. `adopts`: nobody knows what opspact brought to the host
    earlier, if anything, so all that is there now counts as there before. `needed`: identities of entries that leave
    the policy and stay all the same, and why. `claimed`: identities of things wanted here that another contract made,
    and its name.
    """

    manifest: Manifest = field(default_factory=Manifest)
    state: NoteState = NoteState.IN_ORDER
    detail: str = ""
    is_there: bool = True
    adopts: bool = False
    needed: Mapping[str, str] = field(default_factory=dict)
    claimed: Mapping[str, str] = field(default_factory=dict)


def note_of(path: str, found: Found, past: Manifest | None) -> Note:
    """Given the note's path, what was found there and what the ledger says was noted on this machine, return the note.

    `past` is None when the ledger knows of no note there. A note that is missing or damaged is believed to be what the
    ledger says; without that, nothing counts as brought by opspact.
    """
    if found.unreadable:
        return _held(f"{found.unreadable}; nothing is done here before it can be")
    if found.data is None:
        if past is None:
            return Note(is_there=False, adopts=True)
        detail = f"{path} is missing, though an earlier apply wrote it; {_way_out(past)}"
        return Note(past, NoteState.MISSING, detail, is_there=False)
    try:
        return Note(from_text(found.data.decode()))
    except Newer as error:
        return _held(f"{path} is {error}: take that opspact; nothing is done here with this one")
    except (ValueError, KeyError, TypeError) as error:
        detail = f"{path} is damaged: {error}; {_way_out(past)}, and keeps what is there now as {damaged_copy(path)}"
        return Note(past or Manifest(), NoteState.DAMAGED, detail, is_there=False, adopts=past is None)


def claimed_by_others(note: Note, found: Found, wanted: Iterable[str]) -> Note:
    """Given a host's note, what was found there and the identities wanted there, return the note that tells of rivals.

    Where no note of ours lies yet, and another contract's says that it made what we want, that is a finding.
    """
    owners = {entry.step.identity: name for name, it in found.others.items() for entry in it.entries if entry.made}
    claimed = {identity: owners[identity] for identity in wanted if identity in owners}
    if not (claimed and note.adopts and note.state is NoteState.IN_ORDER):
        return note
    things = ", ".join(list(claimed)[:_MOST_NAMED]) + (" and more" if len(claimed) > _MOST_NAMED else "")
    return replace(
        note, state=NoteState.CLAIMED, detail=f"{things}: {way_out_of_claims(claimed.values())}", claimed=claimed
    )


def way_out_of_claims(owners: Iterable[str]) -> str:
    """Given the contracts that noted what is wanted here as their own, return what that means and what to do."""
    names = ", ".join(sorted(set(owners)))
    return (
        f"made by opspact for the contract {names}; if that is this contract's former name, write `formerly: {names}` "
        "in it, else this contract leaves it in place when it drops it"
    )


_MOST_NAMED = 3


def damaged_copy(path: str) -> str:
    """Given a note's path, return where a damaged one is kept when it is written anew."""
    return f"{path}.damaged"


def _held(detail: str) -> Note:
    return Note(Manifest(), NoteState.HELD, detail)


def _way_out(past: Manifest | None) -> str:
    if past is None:
        return (
            "this ledger knows of no earlier apply here: `opspact apply` writes it anew, with all that is there now as "
            "there before opspact (an apply with the ledger that knows can do better)"
        )
    made = sum(entry.made for entry in past.entries)
    things = "1 thing" if made == 1 else f"{made:,} things"
    return f"`opspact apply` writes it anew from the ledger, which knows of {things} that opspact brought here"
