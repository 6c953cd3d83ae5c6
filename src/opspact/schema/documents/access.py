"""The kind `access`: who may log in to which hosts, and what they may do there.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.direction import GROWN, LATER_CHOICE
from opspact.schema.editors import any_of
from opspact.schema.fields import Distinct, Document, HostPattern, LoginGroup, Name, Part, Several, SudoCommand
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


class Access(Document):
    """Accounts, keys and sudo of people on hosts."""

    kind: Literal["access"] = Field(description="the kind of this policy")
    hosts: HostPattern = Field(description="the hosts", examples=["all"])
    people: People = Field(description="the people who get accounts", examples=[{"team": "implementation"}])
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
