"""The kind `quality`: a quality indicator: target, measurement and chart.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema import patterns
from opspact.schema.annotations import Parse
from opspact.schema.codes import Code
from opspact.schema.direction import CHANGED, EARLIER_CHOICE, LATER, LATER_CHOICE, LOOSER, MORE, NARROWER, OTHER
from opspact.schema.editors import one_of
from opspact.schema.fields import Document, LevelName, Name, Part, Several, Share, Text, text_schema
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.targets import parse_target
from opspact.values.target import Target

TargetText = Annotated[Target, Parse(parse_target), text_schema("a target with its unit", ">= 99 %", patterns.TARGET)]
_WHAT = ("milestone", "inspection", "backup", "drill", "log_review", "roster", "training", "visit", "count")
_OF_LEVELS = ("milestone", "count")


class Measure(Part):
    """What is measured: exactly one thing, over a period."""

    model_config = ConfigDict(json_schema_extra=one_of(*_WHAT))
    what: ClassVar[str] = "thing to measure"
    milestone: Name | None = Field(
        json_schema_extra=OTHER, default=None, description="cases that met this milestone", examples=["respond"]
    )
    inspection: Name | None = Field(
        json_schema_extra=OTHER, default=None, description="inspections carried out", examples=["daily-servers"]
    )
    backup: Name | None = Field(
        json_schema_extra=OTHER, default=None, description="successful backups", examples=["daily-incremental"]
    )
    drill: Name | None = Field(
        json_schema_extra=OTHER, default=None, description="restore tests of this backup", examples=["monthly-full"]
    )
    log_review: Name | None = Field(
        json_schema_extra=OTHER, default=None, description="log reviews carried out", examples=["daily-logins"]
    )
    roster: Name | None = Field(
        json_schema_extra=OTHER, default=None, description="hours covered by this roster", examples=["hotline-night"]
    )
    training: Name | None = Field(
        json_schema_extra=OTHER, default=None, description="people trained", examples=["resident-induction"]
    )
    visit: Name | None = Field(
        json_schema_extra=OTHER, default=None, description="visits carried out", examples=["customer-visit"]
    )
    count: Literal["cases", "reopened", "complaints", "findings", "suggestions", "defective_forms"] | None = Field(
        json_schema_extra=OTHER, default=None, description="cases of this kind", examples=["reopened"]
    )
    level: Several[LevelName] = Field(
        json_schema_extra=NARROWER, default=(), description="only cases of these levels", examples=[["I", "II"]]
    )
    over: Literal["day", "week", "month", "quarter", "year"] = Field(
        json_schema_extra=LATER_CHOICE, description="the period", examples=["month"]
    )

    @model_validator(mode="after")
    def _one_thing(self) -> "Measure":
        given = [name for name in _WHAT if getattr(self, name) is not None]
        if len(given) != 1:
            got = f"got {' and '.join(given)}" if given else "got none"
            message = f"expected exactly one {self.what}, {got}"
            raise InvalidValueError(Code.BAD_FORM, message, hint=f"one of {', '.join(_WHAT)}")
        if self.level and given[0] not in _OF_LEVELS:
            message = f"level applies to cases only, not to {given[0].replace('_', ' ')}s"
            raise InvalidValueError(Code.BAD_FORM, message, below=("level",))
        return self


class Sampling(Part):
    """Inspection by sampling, as in ISO 2859-1."""

    quality_limit: Share = Field(
        json_schema_extra=MORE, description="the acceptable quality limit (AQL)", examples=["1.0%"]
    )
    level: Literal["I", "II", "III"] = Field(
        json_schema_extra=EARLIER_CHOICE, default="II", description="the inspection level", examples=["II"]
    )


class Quality(Document):
    """A quality indicator and its target."""

    kind: Literal["quality"] = Field(description="the kind of this policy")
    stage: Text | None = Field(
        json_schema_extra=CHANGED,
        default=None,
        description="the stage of service that it applies to",
        examples=[{"zh": "运维", "en": "operation"}],
    )
    target: TargetText = Field(json_schema_extra=LOOSER, description="the target", examples=[">= 99 %"])
    measure: Measure = Field(description="what is measured", examples=[{"milestone": "respond", "over": "month"}])
    figure: Literal["share", "mean", "median", "percentile_95", "worst", "count"] | None = Field(
        json_schema_extra=OTHER,
        default=None,
        description="how measurements are aggregated; by default share for % and count for a plain number",
        examples=["percentile_95"],
    )
    method: Text | None = Field(
        json_schema_extra=CHANGED,
        default=None,
        description="how the target is met",
        examples=[{"en": "a second ladder at night"}],
    )
    chart: Literal["individuals", "ewma", "cusum", "c", "p", "pareto"] | None = Field(
        default=None, description="the control chart", examples=["p"]
    )
    sample: Sampling | None = Field(
        json_schema_extra=LATER,
        default=None,
        description="inspect a sample instead of everything",
        examples=[{"quality_limit": "1.0%", "level": "II"}],
    )

    @model_validator(mode="after")
    def _figure_fits(self) -> "Quality":
        unit, figure = self.target.unit, self.figure
        if unit == "seconds" and figure in {None, "share", "count"}:
            message = "a target that is a duration needs a figure"
            hint = "figure: mean, median, percentile_95 or worst"
            raise InvalidValueError(Code.FIELD_MISSING, message, hint=hint, below=("figure",))
        wanted = {"%": "share", "": "count"}.get(unit)
        if wanted is not None and figure not in {None, wanted}:
            message = f'the target "{self.target}" is a {wanted}, which does not match figure {figure}'
            raise InvalidValueError(Code.BAD_FORM, message, below=("figure",))
        if self.chart == "p" and unit != "%":
            message = "a p chart needs a target in percent"
            raise InvalidValueError(Code.BAD_FORM, message, hint="chart: individuals", below=("chart",))
        return self
