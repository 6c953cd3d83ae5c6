"""Secrets: references that policies hold, and values that print as stars.

Comes in: references from documents, values from `fleet.secrets`. Goes out: the raw value, only by asking for it.
"""

from collections.abc import Mapping
from typing import Literal

from opspact.structs import Struct

Scheme = Literal["vault", "env", "file"]


class SecretReference(Struct, order=True):
    """Where a secret is kept: in a vault, a variable of the environment or a file. Holds nothing secret itself."""

    scheme: Scheme
    name: str

    @property
    def key(self) -> str:
        """The name by which a playbook asks for the secret: `vault:NAME`, `env:NAME` or `file:PATH`."""
        return f"{self.scheme}:{self.name}"

    def __str__(self) -> str:
        """Return the reference as written: `secret:vault:NAME`."""
        return f"secret:{self.key}"


class Secret:
    """A secret value; `str`, `repr` and formatting show stars, `reveal` alone gives the text."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the raw text; every caller of this is a place where it can leak."""
        return self._value

    def __str__(self) -> str:
        """Return stars."""
        return "********"

    __repr__ = __str__


Secrets = Mapping[SecretReference, Secret]
