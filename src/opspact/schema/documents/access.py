"""The kind `access`: who may log in where, and do what.

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
    team: Several[Name] = Field(default=(), description="everybody of these teams", examples=["implementation"])
    person: Several[Name] = Field(default=(), description="these persons", examples=[["li-na", "wang-fang"]])

    @model_validator(mode="after")
    def _somebody(self) -> "People":
        if not self.team and not self.person:
            raise InvalidValueError(Code.FIELD_MISSING, "nobody is named", hint="team: NAME or person: NAME")
        return self


class Access(Document):
    """Accounts, keys and sudo of people on hosts."""

    kind: Literal["access"] = Field(description="what this document is")
    hosts: HostPattern = Field(description="where", examples=["all"])
    people: People = Field(description="who", examples=[{"team": "implementation"}])
    groups: Distinct[LoginGroup] = Field(
        json_schema_extra=GROWN, default=(), description="groups of their accounts", examples=[["adm"]]
    )
    sudo: Distinct[SudoCommand] = Field(
        json_schema_extra=GROWN,
        default=(),
        description="what they may do as root: whole commands, or [ALL] openly",
        examples=[["/usr/bin/systemctl restart nginx"]],
    )
    keys: Literal["exclusive", "additional"] = Field(
        json_schema_extra=LATER_CHOICE,
        default="exclusive",
        description="exclusive: a key that no policy names is drift",
        examples=["exclusive"],
    )
