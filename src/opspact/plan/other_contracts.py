"""Several contracts on one host: what another one wants there is neither removed nor made differently.

In: a host's checks, its manifest, the manifests of the other contracts there. Out: what stays, what is refused, and
why, by identity. Why: docs/decisions/0019-contracts-on-one-host.md.
"""

from collections.abc import Iterable, Iterator, Mapping

from opspact.model import names
from opspact.plan.manifest import Manifest
from opspact.steps.account import Account
from opspact.steps.base import Step
from opspact.steps.check import HostResult, State
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.secret_file import SecretFile
from opspact.steps.traits import conflicts

Others = Mapping[str, Manifest]
"""The manifests of the other contracts on a host, by contract."""


def has_changes(result: HostResult, manifest: Manifest) -> bool:
    """Given what was seen of a host and its manifest, return whether anything is to change there, or to be taken over.

    Where nothing is, other contracts' manifests make no difference.
    """
    wanted = {check.step.identity: check.step for check in result.checks}
    listed = {entry.step.identity for entry in manifest.entries}
    return (
        any(check.state is not State.OK for check in result.checks)
        or not listed <= wanted.keys()
        or any(identity not in listed and step.tasks() for identity, step in wanted.items())
    )


def made_by_others(others: Others) -> dict[str, str]:
    """Given other contracts' manifests, return the identities of what these created, each with the contract's name."""
    return {entry.step.identity: name for name, it in others.items() for entry in it.entries if entry.made}


def needed_by_others(leaving: Iterable[Step], others: Others) -> dict[str, str]:
    """Given steps that leave the policies, return by identity why they stay: another contract wants the same."""
    owners: dict[str, str] = {}
    for step in leaving:
        for name, theirs in _wanted(others):
            same = theirs.identity == step.identity or not set(theirs.paths).isdisjoint(step.paths)
            if same or _belongs_to(theirs, step):
                owners.setdefault(step.identity, name)
    return {identity: f"the contract {name} needs it" for identity, name in owners.items()}


def _belongs_to(theirs: Step, step: Step) -> bool:
    """Whether a step wants a file or a directory to belong to an account that the other one makes."""
    match theirs, step:
        case ((File() | SecretFile() | Directory()), Account()):
            return theirs.owner == step.name
        case _:
            return False


def conflicts_with_others(wanted: Iterable[Step], others: Others) -> dict[str, str]:
    """Given steps wanted on a host, return by identity of those that another contract contradicts why none is made."""
    found: dict[str, str] = {}
    for step in wanted:
        for name, other in _wanted(others):
            if conflicts(step, other):
                found.setdefault(step.identity, _refusal(name, other))
    return found


def steps_of_others(others: Others) -> Iterator[Step]:
    """Given other contracts' manifests, yield all that these want."""
    yield from (step for _, step in _wanted(others))


def _wanted(others: Others) -> Iterator[tuple[str, Step]]:
    """Yield all that other contracts want, each with the contract's name."""
    return ((name, entry.step) for name, manifest in others.items() for entry in manifest.entries)


def _refusal(name: str, step: Step) -> str:
    return (
        f"the contract {name} wants {step.identity} differently: change one of the two policies; if that contract has "
        f"ended, delete {names.manifest(name)}"
    )
