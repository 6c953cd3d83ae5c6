"""The kind `window`: when maintenance is allowed, or when nothing may run.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.direction import FEWER_HOSTS, GROWN
from opspact.schema.fields import Days, Distinct, Document, Elapsed, HostPattern, Part, When
from opspact.schema.value_error import InvalidValueError
from opspact.values.duration import Duration

Work = Literal["apply", "backup", "code_table", "data_care", "inspection", "library", "log_review"]
_LONGEST = 366 * 86_400


class Times(Part):
    """The times of a window: recurring, or whole days once."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [{"required": ["schedule", "for"]}, {"required": ["days"]}]})
    schedule: When | None = Field(
        default=None, description="when the window starts", examples=["monthly on last day at 18:00"]
    )
    length: Elapsed | None = Field(default=None, alias="for", description="the length of the window", examples=["14h"])
    days: Days | None = Field(
        default=None,
        description="instead of schedule and for: a range of days, both included",
        examples=["2026-02-16..2026-02-23"],
    )

    @model_validator(mode="after")
    def _one_form(self) -> "Times":
        if self.days is not None and (self.schedule is not None or self.length is not None):
            below = "schedule" if self.schedule is not None else "for"
            message = "use either days, or schedule and for, not both"
            raise InvalidValueError(Code.BAD_FORM, message, below=(below,))
        if self.days is None:
            for field, value in (("schedule", self.schedule), ("for", self.length)):
                if value is None:
                    hint = "schedule: … and for: …, or days: …"
                    raise InvalidValueError(Code.FIELD_MISSING, "required field is missing", hint=hint, below=(field,))
        if isinstance(self.length, Duration) and self.length.seconds > _LONGEST:
            message = f"a window can last one year at most, got {self.length}"
            raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("for",))
        return self


class Window(Document):
    """A maintenance window or a blackout."""

    kind: Literal["window"] = Field(description="the kind of this policy")
    type: Literal["maintenance", "blackout"] = Field(
        description="maintenance: work is scheduled here; blackout: nothing may run", examples=["blackout"]
    )
    hosts: HostPattern = Field(json_schema_extra=FEWER_HOSTS, description="the hosts", examples=["db"])
    when: Times = Field(
        description="the times of the window", examples=[{"schedule": "monthly on last day at 18:00", "for": "14h"}]
    )
    allows: Distinct[Work] = Field(
        json_schema_extra=GROWN,
        default=(),
        description="work that may run during the blackout",
        examples=[["backup", "inspection"]],
    )

    @model_validator(mode="after")
    def _allows_in_a_blackout(self) -> "Window":
        if self.allows and self.type == "maintenance":
            message = "allows applies to blackouts only"
            raise InvalidValueError(Code.BAD_FORM, message, below=("allows",), hint="remove allows")
        return self
