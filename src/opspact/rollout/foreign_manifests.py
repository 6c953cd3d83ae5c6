"""Other notes on a host than the contract's own: those of other contracts, and the one under its former name.

Comes in: a session, names of contracts. Goes out: manifests.
"""

from opspact.fleet.failures import NotRead
from opspact.fleet.session import Session
from opspact.model import names
from opspact.plan.manifest import Manifest, from_text, taken_over
from opspact.plan.manifest_state import Note, NoteState


def with_former(session: Session, note: Note, formerly: str) -> Note:
    """Given a host's own note and the contract's former name, return it with what is noted under that name.

    Where that cannot be understood nothing must be done: it would be taken for there before.
    """
    if note.state is not NoteState.IN_ORDER or not formerly:
        return note
    path = names.manifest(formerly)
    try:
        data = session.read(path)
        return Note(taken_over(note.manifest, from_text(data.decode())), is_there=False) if data is not None else note
    except (NotRead, ValueError, KeyError, TypeError) as error:
        detail = (
            f"{path}, of the contract's former name, cannot be read: {error}; nothing is done here before it can be"
        )
        return Note(state=NoteState.HELD, detail=detail)


def notes_of_others(session: Session, contract: str) -> dict[str, Manifest]:
    """Given a session and a contract, return what other contracts noted on the host, as far as it can be read."""
    listed = session.run(f"ls -1 -- {names.MANIFESTS}").stdout.decode("utf-8", "replace").splitlines()
    found: dict[str, Manifest] = {}
    for name in listed:
        other = name.removesuffix(".json")
        if other in {name, contract}:
            continue
        try:
            found[other] = from_text((session.read(names.manifest(other)) or b"").decode())
        except (NotRead, ValueError, KeyError, TypeError):
            continue
    return found
