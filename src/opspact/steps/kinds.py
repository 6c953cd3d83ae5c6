"""The closed union of step kinds, and steps as plain data and back.

In: steps, or the data that a manifest holds. Out: the other.
"""

from collections.abc import Mapping
from dataclasses import fields
from functools import lru_cache
from types import MappingProxyType
from typing import cast, get_args, get_type_hints

from opspact.steps.account import Account
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.backup_repository import BackupRepository
from opspact.steps.base import Step
from opspact.steps.closed_account import ClosedAccount
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.emergency_access import EmergencyAccess
from opspact.steps.file import File
from opspact.steps.http_answer import HttpAnswer
from opspact.steps.link import Link
from opspact.steps.membership import Membership
from opspact.steps.other_access import OtherAccess
from opspact.steps.package import Package
from opspact.steps.port_answer import PortAnswer
from opspact.steps.secret_file import SecretFile
from opspact.steps.table_rows import TableRows
from opspact.steps.unit import Unit
from opspact.values.secret import Scheme, SecretReference

AnyStep = (
    Account
    | AuthorizedKeys
    | BackupRepository
    | ClosedAccount
    | Directory
    | EmergencyAccess
    | File
    | HttpAnswer
    | Link
    | Membership
    | OtherAccess
    | Package
    | PortAnswer
    | SecretFile
    | TableRows
    | Unit
)

KINDS: Mapping[str, type[Step]] = MappingProxyType({kind.kind: kind for kind in AnyStep.__args__})


def as_data(step: Step) -> dict[str, object]:
    """Given a step, return it as JSON-able data, without its origins and without any content but its digest."""
    written = {field.name: _plain(getattr(step, field.name)) for field in fields(step) if field.name != "origins"}
    return {"kind": step.kind, **written}


def from_data(data: Mapping[str, object]) -> Step:
    """Given what `as_data` gave, return an equal step. Raise ValueError when it is not of a kind known here."""
    kind = KINDS.get(str(data.get("kind")))
    if kind is None:
        raise ValueError(f"this version of opspact does not know the kind of step {data.get('kind')!r}")
    values = {name: _rich(value) for name, value in data.items() if name != "kind"}
    wanted = _types(kind)
    for name, value in values.items():
        if name not in wanted or not _fits(value, wanted[name]):
            raise ValueError(f"this version of opspact cannot read a {kind.kind} step: {name} is {value!r}")
    try:
        return kind(**values)  # type: ignore[arg-type]  # the names and types are checked above
    except TypeError as error:
        raise ValueError(f"this version of opspact cannot read a {kind.kind} step: {error}") from error


@lru_cache(maxsize=len(KINDS))
def _types(kind: type[Step]) -> Mapping[str, object]:
    hints = get_type_hints(kind)
    return {field.name: hints[field.name] for field in fields(kind) if field.name != "origins"}


def _fits(value: object, wanted: object) -> bool:
    """Return whether a value is of a field's type; a flag is no number."""
    if wanted == tuple[str, ...]:
        return isinstance(value, tuple) and all(isinstance(item, str) for item in value)
    if wanted is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return type(value) is wanted


def _plain(value: object) -> object:
    match value:
        case Content():
            return {"sha256": value.digest}
        case SecretReference():
            return {"secret": [value.scheme, value.name]}
        case tuple():
            return [_plain(item) for item in value]
        case _:
            return value


def _rich(value: object) -> object:
    match value:
        case {"sha256": str(digest)}:
            return Content(digest)
        case {"secret": [str(scheme), str(name)]} if scheme in get_args(Scheme):
            return SecretReference(cast("Scheme", scheme), name)
        case list():
            return tuple(_rich(item) for item in value)
        case _:
            return value
