"""The kind `access`: who may log in to which hosts, what they may do there, and who else is meant to have access.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.direction import GROWN, LATER_CHOICE, LESS, MORE
from opspact.schema.editors import any_of
from opspact.schema.fields import (
    AccountSource,
    Distinct,
    Document,
    Elapsed,
    HostPattern,
    KeyOfAccount,
    Line,
    LoginGroup,
    MemberOfGroup,
    Name,
    OtherAccount,
    Part,
    Several,
    SudoCommand,
)
from opspact.schema.value_error import InvalidValueError


class People(Part):
    """Teams and persons; each key takes one name or a list."""

    model_config = ConfigDict(json_schema_extra=any_of("team", "person"))
    team: Several[Name] = Field(default=(), description="all members of these teams", examples=["implementation"])
    person: Several[Name] = Field(default=(), description="these persons", examples=[["li-na", "wang-fang"]])

    @model_validator(mode="after")
    def _somebody(self) -> "People":
        if not self.team and not self.person:
            raise InvalidValueError(Code.FIELD_MISSING, "no team or person is named", hint="team: NAME or person: NAME")
        return self


class Others(Part):
    """Who and what has access beside people, and is meant to; all else of its sort is reported, and left in place."""

    accounts: Distinct[OtherAccount] = Field(
        json_schema_extra=GROWN,
        default=(),
        description="accounts that may log in, or have user id 0",
        examples=[["ops"]],
    )
    keys: Distinct[KeyOfAccount] = Field(
        json_schema_extra=GROWN,
        default=(),
        description="keys that log in to accounts: the account and the key's fingerprint",
        examples=[["ops SHA256:Yk3pQ9Z0rC0u8vVwQb1nqk0lq3kU0m2e7bq0tq8Yx1g"]],
    )
    sudo: Distinct[Line] = Field(
        json_schema_extra=GROWN,
        default=(),
        description="rules of sudo, each as it is written on the hosts, in whichever file",
        examples=[["ops ALL=(ALL:ALL) NOPASSWD: ALL"]],
    )
    members: Distinct[MemberOfGroup] = Field(
        json_schema_extra=GROWN,
        default=(),
        description="members of groups that rules of sudo name, or that are as good as root",
        examples=[["ops in sudo"]],
    )
    directories: Distinct[AccountSource] = Field(
        json_schema_extra=GROWN,
        default=(),
        description="where accounts, keys or rules are kept beside the files of the host; what is there is not listed",
        examples=[["sss"]],
    )


_LONGEST = 7 * 86400.0  # seconds


class Emergency(Part):
    """Access that is not there until somebody grants it, and ends by itself."""

    at_most: Elapsed = Field(
        json_schema_extra=MORE, description="the longest time for which it can be granted, 7d at most", examples=["4h"]
    )
    review_within: Elapsed = Field(
        json_schema_extra=MORE, description="time after its end until somebody else has reviewed it", examples=["24h"]
    )

    @model_validator(mode="after")
    def _for_a_while(self) -> "Emergency":
        if self.at_most.seconds > _LONGEST:
            hint = "give access for longer by an access policy without `emergency`"
            raise InvalidValueError(Code.OUT_OF_BOUNDS, "at_most is longer than 7d", hint=hint)
        return self


class Access(Document):
    """Accounts, keys and sudo of people on hosts."""

    model_config = ConfigDict(json_schema_extra=any_of("people", "others"))
    kind: Literal["access"] = Field(description="the kind of this policy")
    hosts: HostPattern = Field(description="the hosts", examples=["all"])
    people: People | None = Field(
        default=None, description="the people who get accounts", examples=[{"team": "implementation"}]
    )
    groups: Distinct[LoginGroup] = Field(
        json_schema_extra=GROWN, default=(), description="groups their accounts are members of", examples=[["adm"]]
    )
    sudo: Distinct[SudoCommand] = Field(
        json_schema_extra=GROWN,
        default=(),
        description="commands they may run as root, in full; [ALL] grants full root access",
        examples=[["/usr/bin/systemctl restart nginx"]],
    )
    keys: Literal["exclusive", "additional"] = Field(
        json_schema_extra=LATER_CHOICE,
        default="exclusive",
        description="exclusive: keys that no policy lists are removed; additional: they are left alone",
        examples=["exclusive"],
    )
    others: Others | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="given at all: whoever else has access to these hosts is reported",
        examples=[{"accounts": ["ops"]}],
    )

    emergency: Emergency | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="given at all: these people have this access only while somebody granted it",
        examples=[{"at_most": "4h", "review_within": "24h"}],
    )

    @model_validator(mode="after")
    def _by_keys_of_the_policy(self) -> "Access":
        if self.emergency and self.people is None:
            raise InvalidValueError(Code.FIELD_MISSING, "emergency access of nobody", hint="people: {team: NAME}")
        if self.emergency and self.keys != "exclusive":
            hint = "emergency access is by the keys in the policies alone: remove `keys`"
            raise InvalidValueError(Code.NOT_A_CHOICE, "emergency access with keys: additional", hint=hint)
        return self

    @model_validator(mode="after")
    def _of_somebody(self) -> "Access":
        if self.people is None and (self.others is None or self.groups or self.sudo):
            raise InvalidValueError(
                Code.FIELD_MISSING, "no people are named", hint="people: {team: NAME} or people: {person: NAME}"
            )
        return self
