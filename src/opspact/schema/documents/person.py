"""The kind `person`: a person of the provider: channels, account and keys.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from collections.abc import Mapping
from datetime import timedelta
from itertools import pairwise
from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.editors import one_of
from opspact.schema.fields import (
    Account,
    Channel,
    Day,
    Distinct,
    Document,
    HostPath,
    Instant,
    Name,
    OpenDays,
    Part,
    PublicKeyLine,
    Several,
)
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values import validators
from opspact.schema.values.system_accounts import is_system_account
from opspact.values.period import OpenPeriod


class Certificate(Part):
    """A certificate that a person holds."""

    name: Name = Field(description="the name that rosters refer to", examples=["database-administrator"])
    until: Day | None = Field(default=None, description="the last day on which it is valid", examples=["2027-06-30"])


class SigningKey(Part):
    """A key whose signatures are a person's: an OpenSSH key, also one on a token."""

    key: PublicKeyLine = Field(description="the OpenSSH public key", examples=["ssh-ed25519 AAAA… li-na"])
    from_: Day | None = Field(
        default=None, alias="from", description="its first day; by default the person's", examples=["2026-01-01"]
    )
    until: Day | None = Field(
        default=None, description="its last day; by default the person's", examples=["2026-12-31"]
    )
    revoked: Instant | None = Field(
        default=None,
        description="when it was lost or stolen: no signature that is first seen later counts, whenever it was made",
        examples=["2026-05-06T14:30"],
    )


class Person(Document):
    """A person; after their last day, no roster, ladder or host account includes them."""

    model_config = ConfigDict(json_schema_extra=one_of("from", "employed"))
    kind: Literal["person"] = Field(description="the kind of this policy")
    teams: Distinct[Name] = Field(
        default=(),
        description="the teams they are a member of; customer: they approve for the customer",
        examples=[["implementation"]],
    )
    from_: Day | None = Field(default=None, alias="from", description="their first day", examples=["2026-01-01"])
    until: Day | None = Field(default=None, description="their last day", examples=["2026-12-31"])
    employed: Several[OpenDays] = Field(
        default=(),
        description="instead of from and until, for those who left and came back: their days, in order",
        examples=[["2026-01-01..2026-06-30", "2026-09-01.."]],
    )
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
    signing_keys: tuple[SigningKey, ...] = Field(
        default=(),
        description="the keys with which they sign approvals, plans and commits; other keys sign nothing",
        examples=[[{"key": "ssh-ed25519 AAAA… li-na", "from": "2026-01-01"}]],
    )
    shell: HostPath | None = Field(default=None, description="their login shell", examples=["/bin/bash"])

    @property
    def periods(self) -> tuple[OpenPeriod, ...]:
        """Return the days on which they are with the contract, in order."""
        return self.employed or ((OpenPeriod(self.from_, self.until),) if self.from_ else ())

    @property
    def login(self) -> str:
        """Return the name of their account on hosts."""
        return self.account or self.name

    @model_validator(mode="after")
    def _one_form(self) -> "Person":
        if self.employed and (self.from_ or self.until):
            raise InvalidValueError(Code.BAD_FORM, "expected either employed or from and until, got both")
        if not (self.employed or self.from_):
            raise InvalidValueError(Code.FIELD_MISSING, 'the key "from" is missing', hint="add from: 2026-01-01")
        return self

    @model_validator(mode="after")
    def _days_in_order(self) -> "Person":
        if self.until is not None and self.from_ is not None and self.until < self.from_:
            message = f"the last day ({self.until}) is before the first day ({self.from_})"
            raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("until",))
        for number, (one, next_) in enumerate(pairwise(self.employed), start=1):
            if one.last is None or next_.first <= one.last + timedelta(days=1):
                message = f"{next_} does not begin after a break: {one} comes before it"
                raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("employed", number))
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
