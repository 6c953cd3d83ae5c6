"""The options of commands that work with signed heads: places, signers, a key.

Comes in: their texts. Goes out: places that can be read, signers, a key; or a refusal.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from typing import Annotated

import typer

from opspact.cli.hosts import CommandContext, command_context
from opspact.errors import Refused
from opspact.evidence.signed_heads import PlaceHeads, heads_at
from opspact.fleet.allowed_signers import read_signers
from opspact.fleet.head_place import HeadPlace, open_places, parse_places
from opspact.fleet.sessions import Sessions
from opspact.fleet.signers import KEY_VARIABLE, named_key, signers_of
from opspact.fleet.ssh_signature import OwnKey, own_keys
from opspact.model.names import HEAD_NAMESPACE

Key = Annotated[
    Path | None,
    typer.Option(
        "--key", metavar="FILE", help="The SSH key that signs, or the public half of one that the SSH agent holds."
    ),
]
SignersFile = Annotated[
    Path | None,
    typer.Option("--signers", metavar="FILE", help="Who may sign: an allowed_signers file as of ssh-keygen."),
]


@contextmanager
def opened_places(texts: Sequence[str], contract: Callable[[], CommandContext]) -> Iterator[tuple[HeadPlace, ...]]:
    """Given places as they are written, yield them, ready to be read; `contract` is read only where hosts are named.

    Raise Refused for what is no place, or no host.
    """

    def sessions(hosts: Collection[str]) -> AbstractContextManager[Sessions]:
        if unknown := [host for host in hosts if host not in contract().head.contract.inventory.hosts]:
            raise Refused(f"the inventory has no host {unknown[0]}")
        return contract().sessions(hosts)

    with open_places(parse_places(texts), sessions) as places:
        yield places


def found_heads(context: typer.Context, texts: Sequence[str], file: Path | None) -> tuple[PlaceHeads, ...]:
    """Given places and a file of signers (None: the people of the contract), return what is kept at each place.

    Raise Refused for a file without a place, PlaceUnavailable when nobody can say what is at one.
    """
    if not texts:
        if file is not None:
            raise Refused("--signers needs --against PLACE")
        return ()
    contract = cache(lambda: command_context(context))
    signers = read_signers(file, namespace=HEAD_NAMESPACE) if file else signers_of(contract().head.contract)
    if not signers:
        raise Refused("nobody may sign heads", hint="add signing_keys to a person, or use --signers FILE")
    with opened_places(texts, contract) as places:
        return tuple(heads_at(place, signers) for place in places)


def signing_key(file: Path | None) -> OwnKey | Path:
    """Given the option, return the key that signs: it, that of the environment, or the only one that there is.

    Raise Refused when there is none, or more than one.
    """
    if named := file or named_key():
        return named.expanduser()
    keys = {key.fingerprint: key for key in own_keys()}
    hint = f"name one with --key or {KEY_VARIABLE}"
    if not keys:
        raise Refused("there is no SSH key to sign with", hint=hint)
    if len(keys) > 1:
        raise Refused(f"there are {len(keys)} SSH keys to sign with", hint=hint)
    return next(iter(keys.values()))
