"""The kind `window`: when maintenance is to be done, or when nothing may be.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.direction import FEWER_HOSTS, GROWN
from opspact.schema.fields import Days, Distinct, Document, Elapsed, HostPattern, Part, When
from opspact.schema.value_error import InvalidValueError
from opspact.values.duration import Duration

Work = Literal["apply", "backup", "code_table", "data_care", "inspection", "log_review"]
_LONGEST = 366 * 86_400


class Times(Part):
    """The times of a window: again and again, or whole days once."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["schedule", "for"]}, {"required": ["days"]}]})
    schedule: When | None = Field(default=None, description="when it begins", examples=["monthly on last day at 18:00"])
    length: Elapsed | None = Field(default=None, alias="for", description="how long it lasts", examples=["14h"])
    days: Days | None = Field(
        default=None, description="instead of both: these days, both included", examples=["2026-02-16..2026-02-23"]
    )

    @model_validator(mode="after")
    def _one_form(self) -> "Times":
        if self.days is not None and (self.schedule is not None or self.length is not None):
            below = "schedule" if self.schedule is not None else "for"
            message = "a window has days, or a schedule and a length; not both"
            raise InvalidValueError(Code.BAD_FORM, message, below=(below,))
        if self.days is None:
            for field, value in (("schedule", self.schedule), ("for", self.length)):
                if value is None:
                    hint = "schedule: … and for: …, or days: …"
                    raise InvalidValueError(Code.FIELD_MISSING, "is missing", hint=hint, below=(field,))
        if isinstance(self.length, Duration) and self.length.seconds > _LONGEST:
            message = f"a window lasts a year at most, got {self.length}"
            raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("for",))
        return self


class Window(Document):
    """Times that belong to maintenance, or that are kept free of it."""

    kind: Literal["window"] = Field(description="what this document is")
    type: Literal["maintenance", "blackout"] = Field(
        description="maintenance: work belongs there; blackout: nothing may run then", examples=["blackout"]
    )
    hosts: HostPattern = Field(json_schema_extra=FEWER_HOSTS, description="where", examples=["db"])
    when: Times = Field(description="when", examples=[{"schedule": "monthly on last day at 18:00", "for": "14h"}])
    allows: Distinct[Work] = Field(
        json_schema_extra=GROWN,
        default=(),
        description="what runs in a blackout all the same",
        examples=[["backup", "inspection"]],
    )

    @model_validator(mode="after")
    def _allows_in_a_blackout(self) -> "Window":
        if self.allows and self.type == "maintenance":
            message = "a maintenance window forbids nothing"
            raise InvalidValueError(Code.BAD_FORM, message, below=("allows",), hint="leave allows out")
        return self
