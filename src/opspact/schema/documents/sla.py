"""The kind `sla`: response and resolution times by fault level.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.annotations import Check
from opspact.schema.codes import Code
from opspact.schema.direction import CHANGED, FEWER, FEWER_HOURS, GIVEN, GROWN, LESS, MORE, OTHER
from opspact.schema.editors import SchemaWords
from opspact.schema.fields import (
    Budget,
    Distinct,
    Document,
    Elapsed,
    LevelName,
    Name,
    Part,
    Several,
    Share,
    Text,
    Word,
)
from opspact.schema.value_error import InvalidValueError, quote
from opspact.text.suggestions import did_you_mean, nearest
from opspact.values.percent import Percent

_WHOLE = 100

KNOWN_EVENTS = ("telephone_failed",)
"""Events that start clocks in every contract: the telephone did not solve it, so somebody goes there."""


class Milestone(Part):
    """A milestone and its deadline."""

    within: Budget = Field(
        json_schema_extra=MORE,
        description="the time limit; hours count open hours of the calendar, days need a kind, as in 5 working days",
        examples=["12h"],
    )
    calendar: Name = Field(
        json_schema_extra=FEWER_HOURS,
        default="always",
        description="the calendar in whose open hours the clock runs",
        examples=["always"],
    )
    after: Word | None = Field(
        json_schema_extra=GIVEN,
        default=None,
        description="the event that starts the clock: telephone_failed or one of events; the report by default",
        examples=["telephone_failed"],
    )
    rosters: Several[Name] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="the rosters responsible; default: staffing.on_site for on_site, else the ladder",
        examples=[["on-site", "on-site-standby"]],
    )
    pauses: Several[Word] = Field(
        json_schema_extra=GROWN,
        default=(),
        description="the reasons for which the clock may be paused",
        examples=[["waiting_for_customer"]],
    )


class Milestones(Part):
    """The milestones of a level, each with its own clock."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})
    respond: Milestone | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="the report is acknowledged",
        examples=[{"within": "30m", "calendar": "always"}],
    )
    plan: Milestone | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="a treatment plan is given",
        examples=[{"within": "2h", "calendar": "always"}],
    )
    on_site: Milestone | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="an engineer is on site",
        examples=[{"within": "2h", "calendar": "always", "after": "telephone_failed"}],
    )
    workaround: Milestone | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="a workaround is in place",
        examples=[{"within": "8h", "calendar": "always"}],
    )
    restore: Milestone | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="the service is restored",
        examples=[{"within": "24h", "calendar": "always"}],
    )
    resolve: Milestone | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="the cause is removed",
        examples=[{"within": "12h", "calendar": "always"}],
    )

    @property
    def by_name(self) -> Mapping[str, Milestone]:
        """The milestones that are written, by name, in their order."""
        found = ((name, getattr(self, name)) for name in type(self).model_fields)
        return {name: milestone for name, milestone in found if milestone is not None}

    @model_validator(mode="after")
    def _some(self) -> "Milestones":
        if not self.by_name:
            raise InvalidValueError(
                Code.FIELD_MISSING, "no milestone is given", hint="for example respond: {within: 30m}"
            )
        return self


class Level(Part):
    """A fault level: its symptoms, its escalation ladder and its milestones."""

    means: Text = Field(
        json_schema_extra=CHANGED,
        description="the symptoms that define it",
        examples=[{"zh": "系统崩溃导致业务停止", "en": "business stopped"}],
    )
    ladder: Name | None = Field(
        json_schema_extra=OTHER, default=None, description="the escalation ladder", examples=["major"]
    )
    milestones: Milestones = Field(
        description="the milestones", examples=[{"respond": {"within": "30m", "calendar": "always"}}]
    )


class PauseReason(Part):
    """A reason for which clocks may be paused."""

    max: Elapsed | None = Field(
        json_schema_extra=MORE,
        default=None,
        description="maximum pause per case, in the clock's own time",
        examples=["48h"],
    )
    needs: Word | None = Field(
        json_schema_extra=LESS, default=None, description="what the pause requires", examples=["customer_agreement"]
    )
    text: Text | None = Field(
        json_schema_extra=CHANGED, default=None, description="the name shown to people", examples=[{"zh": "等待用户"}]
    )


def _some_level(levels: Mapping[str, Level]) -> Mapping[str, Level]:
    if not levels:
        raise InvalidValueError(Code.OUT_OF_BOUNDS, "expected at least one level, got none")
    return levels


class Sla(Document):
    """Fault levels, most severe first."""

    kind: Literal["sla"] = Field(description="the kind of this policy")
    levels: Annotated[Mapping[LevelName, Level], Check(_some_level), SchemaWords(minProperties=1)] = Field(
        json_schema_extra=FEWER,
        description="the levels, most severe first",
        examples=[{"I": {"means": {"en": "business stopped"}, "milestones": {"respond": {"within": "30m"}}}}],
    )
    channels: Name | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="the channels policy for reporting faults",
        examples=["service-desk"],
    )
    warn_at: Distinct[Share] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="warn when this share of a clock has run",
        examples=[["50%", "80%"]],
    )
    pause_reasons: Mapping[Word, PauseReason] = Field(
        json_schema_extra=GROWN,
        default_factory=dict,
        description="reasons for which clocks may be paused",
        examples=[{"waiting_for_customer": {"max": "48h", "needs": "customer_agreement"}}],
    )
    events: Mapping[Word, Text] = Field(
        json_schema_extra=CHANGED,
        default_factory=dict,
        description="additional events that start clocks, with the names shown to people",
        examples=[{"part_delivered": {"zh": "备件已到", "en": "part delivered"}}],
    )

    @model_validator(mode="after")
    def _warnings_in_order(self) -> "Sla":
        before = Percent("0%", 0)
        for index, share in enumerate(self.warn_at):
            if not before.value < share.value < _WHOLE:
                message = f"expected more than {before} and less than 100%, got {share}"
                raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("warn_at", index))
            before = share
        return self

    @model_validator(mode="after")
    def _reasons_are_there(self) -> "Sla":
        for path, milestone in self._milestones():
            for index, reason in enumerate(milestone.pauses):
                if reason not in self.pause_reasons:
                    raise InvalidValueError(
                        Code.NOT_A_CHOICE,
                        f"unknown pause reason {quote(reason)}",
                        hint=did_you_mean(reason, self.pause_reasons) or "add it to pause_reasons",
                        below=(*path, "pauses", index),
                    )
        return self

    @model_validator(mode="after")
    def _events_are_there(self) -> "Sla":
        known = (*KNOWN_EVENTS, *self.events)
        for path, milestone in self._milestones():
            if milestone.after is not None and milestone.after not in known:
                near = nearest(milestone.after, known)
                raise InvalidValueError(
                    Code.NOT_A_CHOICE,
                    f"unknown event {quote(milestone.after)}",
                    hint=f'did you mean "{near}"?'
                    if near
                    else f"known events: {', '.join(known)}; or add it to events",
                    below=(*path, "after"),
                )
        return self

    def _milestones(self) -> Iterator[tuple[tuple[str, ...], Milestone]]:
        """Yield every milestone and where it stands."""
        for level, promised in self.levels.items():
            for name, milestone in promised.milestones.by_name.items():
                yield ("levels", level, "milestones", name), milestone
