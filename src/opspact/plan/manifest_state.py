"""A host's manifest and its state: ok, missing, damaged; and what is believed in its place.

In: what was found on the host, and what the ledger records of earlier applies there. Out: the manifest to go by.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from opspact.plan.commit_order import CommitOrder, order_reason
from opspact.plan.manifest import Manifest, NewerManifest, from_text
from opspact.plan.other_contracts import Others, made_by_others
from opspact.structs import Struct, field, replace
from opspact.text.counts import format_count
from opspact.text.names import join_names


class ManifestState(StrEnum):
    """The state of a host's manifest."""

    OK = "ok"  # read; or there is none, and this ledger records none
    MISSING = "missing"  # an earlier apply wrote one, and it is not there
    REBUILT = "rebuilt"  # there is none, and this is another machine than the one that was applied under this name
    DAMAGED = "damaged"  # it is there, and cannot be parsed
    CLAIMED = "claimed"  # there is none yet, and another contract's manifest lists what is wanted here as its own
    OLDER = "older"  # a later commit was applied here: nothing is done on the host unless that is asked for
    OTHER_HISTORY = "other history"  # a commit was applied here that is not in the history of the present one
    BLOCKED = "blocked"  # it must not be overwritten: it cannot be read at all, or a newer opspact wrote it


class ManifestFile(Struct):
    """What is on a host. `data`: the manifest's bytes, None when there is none. `machine`: the host's machine-id.

    `unreadable`: why nothing could be read although something is there.
    """

    data: bytes | None = None
    machine: str = ""
    unreadable: str = ""


class HostManifest(Struct):
    """A host's manifest. `detail` says what is wrong and what to do, empty: nothing is.

    `is_there`: a file with just this manifest is on the host. `adopts`: it is unknown what opspact created on the host
    earlier, if anything, so all that is there now counts as existing before. `others`: the manifests of other contracts
    on the host, read where that makes a difference. `needed`: identities of entries that leave the policy and stay all
    the same, and why. `refused`: identities of what is not made or removed, since the login of this run needs it or
    nobody knows whether others do, and why. `claimed`: identities of things wanted here that another contract created,
    and its name.
    """

    manifest: Manifest = field(default_factory=Manifest)
    state: ManifestState = ManifestState.OK
    detail: str = ""
    is_there: bool = True
    adopts: bool = False
    others: Others = field(default_factory=dict)
    needed: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    claimed: Mapping[str, str] = field(default_factory=dict)

    @property
    def stops_work(self) -> bool:
        """Whether nothing is to be done on the host."""
        return self.state in {ManifestState.OLDER, ManifestState.BLOCKED}


def host_manifest(
    path: str, found: ManifestFile, recorded: Manifest | None, *, is_rebuilt: bool = False
) -> HostManifest:
    """Given a manifest's path, what was found there and what the ledger records of this machine, return the manifest.

    `recorded` is None when the ledger records none there; `is_rebuilt`: it records one of another machine. A manifest
    that is missing or damaged is taken to be what the ledger records; without that, nothing counts as created by
    opspact.
    """
    if found.unreadable:
        return _blocked(f"{found.unreadable}; opspact does not change this host until it can read it")
    if found.data is None:
        if recorded is None:
            state, detail = (ManifestState.REBUILT, _REBUILT) if is_rebuilt else (ManifestState.OK, "")
            return HostManifest(state=state, detail=detail, is_there=False, adopts=True)
        detail = f"manifest {path} is missing although an earlier apply wrote it; {_remedy(recorded)}"
        return HostManifest(recorded, ManifestState.MISSING, detail, is_there=False)
    try:
        return HostManifest(from_text(found.data.decode()))
    except NewerManifest as error:
        return _blocked(f"manifest {path} has {error}: use a newer opspact; this version does not change this host")
    except (ValueError, KeyError, TypeError) as error:
        detail = f"manifest {path} is damaged: {error}; {_remedy(recorded)}, and keeps it as {damaged_copy(path)}"
        manifest = recorded or Manifest()
        return HostManifest(manifest, ManifestState.DAMAGED, detail, is_there=False, adopts=recorded is None)


def with_others(manifest: HostManifest, others: Others, wanted: Iterable[str]) -> HostManifest:
    """Given a host's manifest, other contracts' ones and the identities wanted there, return it with those.

    Where no manifest of ours is yet, and another contract's says that it created what we want, that is a finding.
    """
    manifest = replace(manifest, others=others)
    owners = made_by_others(others)
    claimed = {identity: owners[identity] for identity in wanted if identity in owners}
    if not (claimed and manifest.adopts and manifest.state is ManifestState.OK):
        return manifest
    detail = f"{join_names(list(claimed))}: {claim_remedy(claimed.values())}"
    return replace(manifest, state=ManifestState.CLAIMED, detail=detail, claimed=claimed)


def claim_remedy(owners: Iterable[str]) -> str:
    """Given the contracts whose manifests list what is wanted here as their own, return what to do about that."""
    names = ", ".join(sorted(set(owners)))
    return (
        f"managed by the contract {names}; if this is the former name of this contract, add `formerly: {names}`; "
        "otherwise it stays in place as long as one of the two contracts needs it"
    )


def with_commit_order(manifest: HostManifest, order: CommitOrder, commit: str) -> HostManifest:
    """Given a host's manifest and how a commit stands to the one that is there, return the manifest with that."""
    if order is CommitOrder.CONTINUES or manifest.state is not ManifestState.OK:
        return manifest
    state = ManifestState.OLDER if order is CommitOrder.OLDER else ManifestState.OTHER_HISTORY
    return replace(manifest, state=state, detail=order_reason(order, manifest.manifest.applied, commit))


def other_unreadable(path: str, error: Exception) -> HostManifest:
    """Given the path of another contract's manifest and why it cannot be read, return that nothing is to be done."""
    return _blocked(
        f"manifest {path} of another contract cannot be read: {error}; opspact changes nothing on this host until it "
        "can read it"
    )


def damaged_copy(path: str) -> str:
    """Given a manifest's path, return where a damaged one is kept when it is written again."""
    return f"{path}.damaged"


_REBUILT = (
    "this host was rebuilt: it is another machine (machine-id) than the one that was applied under its name before; "
    "`opspact apply` sets it up again"
)


def _blocked(detail: str) -> HostManifest:
    return HostManifest(Manifest(), ManifestState.BLOCKED, detail)


def _remedy(recorded: Manifest | None) -> str:
    if recorded is None:
        return (
            "this ledger has no earlier apply to this host: `opspact apply` writes a new manifest and treats "
            "everything present as not managed by opspact; use the ledger with the earlier apply if it exists"
        )
    made = sum(entry.made for entry in recorded.entries)
    return f"`opspact apply` rewrites it from the ledger, which records {format_count(made, 'item')} created here"
