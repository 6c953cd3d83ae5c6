"""Other manifests on a host than the contract's own: those of other contracts, and the one under its former name.

In: a session, names of contracts. Out: manifests.
"""

from opspact.fleet.failures import ReadFailed
from opspact.fleet.session import Session
from opspact.model import names
from opspact.plan.manifest import Manifest, from_text, taken_over
from opspact.plan.manifest_state import HostManifest, ManifestState


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


def foreign_manifests(session: Session, contract: str) -> dict[str, Manifest]:
    """Given a session and a contract, return the manifests of other contracts on the host that can be read, by name."""
    listed = session.run(f"ls -1 -- {names.MANIFESTS}").stdout.decode("utf-8", "replace").splitlines()
    found: dict[str, Manifest] = {}
    for name in listed:
        other = name.removesuffix(".json")
        if other in {name, contract}:
            continue
        try:
            found[other] = from_text((session.read(names.manifest(other)) or b"").decode())
        except (ReadFailed, ValueError, KeyError, TypeError):
            continue
    return found
