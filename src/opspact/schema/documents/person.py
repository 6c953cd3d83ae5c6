"""The kind `person`: a person of the provider: channels, account and keys.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.fields import Account, Channel, Day, Distinct, Document, HostPath, Name, Part, PublicKeyLine
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values import validators
from opspact.schema.values.system_accounts import is_system_account


class Certificate(Part):
    """A certificate that a person holds."""

    name: Name = Field(description="the name that rosters refer to", examples=["database-administrator"])
    until: Day | None = Field(default=None, description="the last day on which it is valid", examples=["2027-06-30"])


class Person(Document):
    """A person; after their last day, no roster, ladder or host account includes them."""

    kind: Literal["person"] = Field(description="the kind of this policy")
    teams: Distinct[Name] = Field(
        default=(), description="the teams they are a member of", examples=[["implementation"]]
    )
    from_: Day = Field(alias="from", description="their first day", examples=["2026-01-01"])
    until: Day | None = Field(default=None, description="their last day", examples=["2026-12-31"])
    channels: Mapping[Name, Channel] = Field(
        default_factory=dict,
        description="how they are reached",
        examples=[{"mobile": "secret:env:LI_NA_MOBILE", "email": "li.na@example.com"}],
    )
    certificates: tuple[Certificate, ...] = Field(
        default=(),
        description="certificates they hold",
        examples=[[{"name": "database-administrator", "until": "2027-06-30"}]],
    )
    account: Account | None = Field(
        default=None, description="their account on hosts; the person's name by default", examples=["li-na"]
    )
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
            message = f"the last day ({self.until}) is before the first day ({self.from_})"
            raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("until",))
        return self

    @model_validator(mode="after")
    def _account_fits(self) -> "Person":
        field = "account" if self.account is not None else "name"
        if is_system_account(self.login):
            raise InvalidValueError(
                Code.BAD_FORM,
                f"a person's account cannot be the system account {self.login}",
                hint="choose another name with account: NAME",
                below=(field,),
            )
        try:
            validators.account_name(self.login)
        except InvalidValueError:
            message = "the name is too long for an account name"
            raise InvalidValueError(Code.FIELD_MISSING, message, hint="add account: …", below=("name",)) from None
        return self
