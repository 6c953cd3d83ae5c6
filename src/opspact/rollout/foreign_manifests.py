"""Other manifests on a host than the contract's own: those of other contracts, and the one under its former name.

In: a session, names of contracts. Out: manifests.
"""

from collections.abc import Collection, Iterable

from opspact.fleet.failures import ReadFailed
from opspact.fleet.session import Session
from opspact.model import names
from opspact.plan.manifest import Manifest, from_text, taken_over
from opspact.plan.manifest_state import HostManifest, ManifestState, other_unreadable, with_others


def with_former_name(session: Session, own: HostManifest, formerly: str) -> HostManifest:
    """Given a host's own manifest and the contract's former name, return it with what is listed under that name.

    Where that one cannot be parsed nothing must be done: what it lists would count as existing before opspact.
    """
    if own.state is not ManifestState.OK or not formerly:
        return own
    path = names.manifest(formerly)
    try:
        data = session.read(path)
        return own if data is None else HostManifest(taken_over(own.manifest, from_text(data.decode())), is_there=False)
    except (ReadFailed, ValueError, KeyError, TypeError) as error:
        detail = (
            f"manifest {path}, of the contract's former name, cannot be read: {error}; opspact changes nothing on this "
            "host until it can read it"
        )
        return HostManifest(state=ManifestState.BLOCKED, detail=detail)


def with_other_manifests(
    session: Session, own: HostManifest, contracts: Collection[str], *, wanted: Iterable[str]
) -> HostManifest:
    """Given a host's own manifest, the contract's names and what it wants there, return it with those of the others.

    Where one of them cannot be read nothing must be done: it may list what would be removed or made differently.
    """
    try:
        listed = session.names(names.MANIFESTS)
    except ReadFailed as error:
        return other_unreadable(names.MANIFESTS, error)
    others: dict[str, Manifest] = {}
    for name in listed:
        other = name.removesuffix(".json")
        if other in {name, *contracts}:
            continue
        try:
            data = session.read(names.manifest(other))
            others |= {} if data is None else {other: from_text(data.decode())}
        except (ReadFailed, ValueError, KeyError, TypeError) as error:
            return other_unreadable(names.manifest(other), error)
    return with_others(own, others, wanted)
