"""The kind `sla`: how soon what is done about a fault of which level.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.annotations import Check
from opspact.schema.codes import Code
from opspact.schema.direction import FEWER, FEWER_HOURS, GIVEN, GROWN, LESS, MORE, OTHER
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
    """What must be reached, and by when."""

    within: Budget = Field(
        json_schema_extra=MORE,
        description="so soon; hours are the calendar's open hours, days need their kind: 5 working days",
        examples=["12h"],
    )
    calendar: Name = Field(
        json_schema_extra=FEWER_HOURS,
        default="always",
        description="the hours in which its clock runs",
        examples=["always"],
    )
    after: Word | None = Field(
        json_schema_extra=GIVEN,
        default=None,
        description="the event that starts its clock: telephone_failed, or one of events; else the report does",
        examples=["telephone_failed"],
    )
    rosters: Several[Name] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="whose people do it; else on_site: those that staffing says are on site; others: whom ladder tells",
        examples=[["on-site", "on-site-standby"]],
    )
    pauses: Several[Word] = Field(
        json_schema_extra=GROWN,
        default=(),
        description="the reasons for which its clock may stand still",
        examples=[["waiting_for_customer"]],
    )


class Milestones(Part):
    """The milestones of a level, each with a clock of its own."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})
    respond: Milestone | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="somebody answers",
        examples=[{"within": "30m", "calendar": "always"}],
    )
    plan: Milestone | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="it is said what will be done",
        examples=[{"within": "2h", "calendar": "always"}],
    )
    on_site: Milestone | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="an engineer is there",
        examples=[{"within": "2h", "calendar": "always", "after": "telephone_failed"}],
    )
    workaround: Milestone | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="a substitute works",
        examples=[{"within": "8h", "calendar": "always"}],
    )
    restore: Milestone | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="the service works again",
        examples=[{"within": "24h", "calendar": "always"}],
    )
    resolve: Milestone | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="the cause is gone",
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
                Code.FIELD_MISSING, "nothing is promised", hint="for example respond: {within: 30m}"
            )
        return self


class Level(Part):
    """A level of faults: what it looks like, who is told, what is promised."""

    means: Text = Field(
        description="the symptoms that define it", examples=[{"zh": "系统崩溃导致业务停止", "en": "business stopped"}]
    )
    ladder: Name | None = Field(
        json_schema_extra=OTHER, default=None, description="who is told, and who is next", examples=["major"]
    )
    milestones: Milestones = Field(
        description="what is promised", examples=[{"respond": {"within": "30m", "calendar": "always"}}]
    )


class PauseReason(Part):
    """A reason for which clocks may stand still."""

    max: Elapsed | None = Field(
        json_schema_extra=MORE,
        default=None,
        description="so long in a case at most, of the clock's own time",
        examples=["48h"],
    )
    needs: Word | None = Field(
        json_schema_extra=LESS, default=None, description="what must be there for it", examples=["customer_agreement"]
    )
    text: Text | None = Field(default=None, description="what it is called for people", examples=[{"zh": "等待用户"}])


def _some_level(levels: Mapping[str, Level]) -> Mapping[str, Level]:
    if not levels:
        raise InvalidValueError(Code.OUT_OF_BOUNDS, "expected at least one level, got none")
    return levels


class Sla(Document):
    """Levels of faults, gravest first."""

    kind: Literal["sla"] = Field(description="what this document is")
    levels: Annotated[Mapping[LevelName, Level], Check(_some_level), SchemaWords(minProperties=1)] = Field(
        json_schema_extra=FEWER,
        description="the levels, the gravest first",
        examples=[{"I": {"means": {"en": "business stopped"}, "milestones": {"respond": {"within": "30m"}}}}],
    )
    channels: Name | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="the policy that says how faults are reported",
        examples=["service-desk"],
    )
    warn_at: Distinct[Share] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="warnings, when so much of a clock has run",
        examples=[["50%", "80%"]],
    )
    pause_reasons: Mapping[Word, PauseReason] = Field(
        json_schema_extra=GROWN,
        default_factory=dict,
        description="why clocks may stand still",
        examples=[{"waiting_for_customer": {"max": "48h", "needs": "customer_agreement"}}],
    )
    events: Mapping[Word, Text] = Field(
        default_factory=dict,
        description="more events that start clocks, and what they are called for people",
        examples=[{"part_delivered": {"zh": "备件已到", "en": "the part has come"}}],
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
                        f"there is no pause reason {quote(reason)}",
                        hint=did_you_mean(reason, self.pause_reasons) or "write it under pause_reasons",
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
                    f"there is no event {quote(milestone.after)}",
                    hint=f'did you mean "{near}"?' if near else f"known: {', '.join(known)}; or write it under events",
                    below=(*path, "after"),
                )
        return self

    def _milestones(self) -> Iterator[tuple[tuple[str, ...], Milestone]]:
        """Yield every milestone and where it stands."""
        for level, promised in self.levels.items():
            for name, milestone in promised.milestones.by_name.items():
                yield ("levels", level, "milestones", name), milestone
