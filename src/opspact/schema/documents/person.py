"""The kind `person`: somebody of the provider, their channels, account and keys.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.fields import Account, Channel, Day, Distinct, Document, HostPath, Name, Part, PublicKeyLine
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values import validators


class Certificate(Part):
    """Something that a person has shown to know."""

    name: Name = Field(description="what it is called in rosters", examples=["database-administrator"])
    until: Day | None = Field(default=None, description="its last day, if it expires", examples=["2027-06-30"])


class Person(Document):
    """A person; after the last day they appear nowhere, on paper or on a host."""

    kind: Literal["person"] = Field(description="what this document is")
    teams: Distinct[Name] = Field(default=(), description="the teams they are in", examples=[["implementation"]])
    from_: Day = Field(alias="from", description="their first day", examples=["2026-01-01"])
    until: Day | None = Field(default=None, description="their last day, if there is one", examples=["2026-12-31"])
    channels: Mapping[Name, Channel] = Field(
        default_factory=dict,
        description="how they are reached",
        examples=[{"mobile": "secret:env:LI_NA_MOBILE", "email": "li.na@example.com"}],
    )
    certificates: tuple[Certificate, ...] = Field(
        default=(),
        description="what they have shown to know",
        examples=[[{"name": "database-administrator", "until": "2027-06-30"}]],
    )
    account: Account | None = Field(default=None, description="their login; their name otherwise", examples=["li-na"])
    keys: Distinct[PublicKeyLine] = Field(
        default=(),
        description="their OpenSSH public keys",
        examples=[["ssh-ed25519 AAAA… li-na"]],
    )
    shell: HostPath | None = Field(default=None, description="their login shell", examples=["/bin/bash"])

    @property
    def login(self) -> str:
        """Return the name of their account on hosts."""
        return self.account or self.name

    @model_validator(mode="after")
    def _days_in_order(self) -> "Person":
        if self.until is not None and self.until < self.from_:
            message = f"the last day ({self.until}) is before the first ({self.from_})"
            raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("until",))
        return self

    @model_validator(mode="after")
    def _account_fits(self) -> "Person":
        field = "account" if self.account is not None else "name"
        if self.login == "root":
            raise InvalidValueError(Code.BAD_FORM, "nobody's account is root", below=(field,))
        try:
            validators.account_name(self.login)
        except InvalidValueError:
            message = "the name is too long for an account"
            raise InvalidValueError(Code.FIELD_MISSING, message, hint="add account: …", below=("name",)) from None
        return self
