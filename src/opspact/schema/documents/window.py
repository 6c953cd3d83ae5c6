"""The kind `window`: when maintenance is allowed, when nothing may run, or when all is watched more closely.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from collections.abc import Mapping
from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.direction import FEWER, FEWER_HOSTS, GROWN, LESS
from opspact.schema.editors import required_when
from opspact.schema.fields import Days, Distinct, Document, Elapsed, HostPattern, Name, Part, When
from opspact.schema.value_error import InvalidValueError
from opspact.values.duration import Duration

Work = Literal["apply", "backup", "code_table", "data_care", "inspection", "library", "log_review"]
_LONGEST_DAYS = 366
_LONGEST = _LONGEST_DAYS * 86_400
_GUARD = "guard"
_OF_GUARDS = ("days", "inspections", "residents", "rosters")


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


class GuardHeadcount(Part):
    """How many people there are at least."""

    min: int = Field(json_schema_extra=LESS, ge=1, le=100_000, description="minimum", examples=[4])


class Window(Document):
    """A maintenance window, a blackout or a guard period."""

    model_config = ConfigDict(
        json_schema_extra=required_when("type", {"maintenance": ["when"], "blackout": ["when"], _GUARD: ["days"]})
    )
    kind: Literal["window"] = Field(description="the kind of this policy")
    type: Literal["maintenance", "blackout", "guard"] = Field(
        description=(
            "maintenance: the hosts are changed only now; blackout: nothing may run; guard: nothing is changed, and "
            "all is watched more closely"
        ),
        examples=["blackout"],
    )
    hosts: HostPattern = Field(json_schema_extra=FEWER_HOSTS, description="the hosts", examples=["db"])
    when: Times | None = Field(
        default=None,
        description="the times of a maintenance window or a blackout",
        examples=[{"schedule": "monthly on last day at 18:00", "for": "14h"}],
    )
    days: Days | None = Field(
        default=None, description="the days of a guard period, both included", examples=["2026-03-04..2026-03-13"]
    )
    allows: Distinct[Work] = Field(
        json_schema_extra=GROWN,
        default=(),
        description="work that may run during the blackout; in a guard period, besides what changes nothing",
        examples=[["backup", "inspection"]],
    )
    inspections: Mapping[Name, When] = Field(
        json_schema_extra=FEWER,
        default_factory=dict,
        description="schedules on which inspections run in a guard period, besides their own",
        examples=[{"daily-servers": "hourly at :15"}],
    )
    residents: GuardHeadcount | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="how many people are resident on every day of a guard period",
        examples=[{"min": 4}],
    )
    rosters: Mapping[Name, GuardHeadcount] = Field(
        json_schema_extra=FEWER,
        default_factory=dict,
        description="how many people are on duty in a guard period, by roster, in its hours",
        examples=[{"hotline-day": {"min": 2}}],
    )

    @model_validator(mode="after")
    def _allows_in_a_blackout(self) -> "Window":
        if self.allows and self.type == "maintenance":
            message = "allows applies to blackouts and guard periods only"
            raise InvalidValueError(Code.BAD_FORM, message, below=("allows",), hint="remove allows")
        return self

    @model_validator(mode="after")
    def _times_of_its_type(self) -> "Window":
        is_guard = self.type == _GUARD
        wanted, other = ("days", "when") if is_guard else ("when", "days")
        if is_guard and self.when is not None:
            message = "a guard period has days, not when"
            raise InvalidValueError(Code.BAD_FORM, message, below=("when",), hint="days: 2026-03-04..2026-03-13")
        if given := [] if is_guard else [name for name in _OF_GUARDS if getattr(self, name)]:
            hint = "type: guard" if given != [other] else "when: {days: …}"
            raise InvalidValueError(Code.BAD_FORM, "applies to guard periods only", below=(given[0],), hint=hint)
        if getattr(self, wanted) is None:
            hint = "days: 2026-03-04..2026-03-13" if is_guard else "when: {schedule: …, for: …}"
            raise InvalidValueError(Code.FIELD_MISSING, "required field is missing", hint=hint, below=(wanted,))
        if self.days and (self.days.last - self.days.first).days >= _LONGEST_DAYS:
            message = f"a guard period can last one year at most, got {self.days}"
            raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("days",))
        return self
