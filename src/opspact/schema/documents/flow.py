"""The kind `flow`: a service process, step by step.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.direction import FEWER, NARROWER, OTHER
from opspact.schema.editors import required_when
from opspact.schema.fields import Distinct, Document, LevelName, Name, NotEmpty, Part, Several, Text
from opspact.schema.value_error import InvalidValueError

Recorded = Literal[
    "analysis",
    "cause",
    "change",
    "consent",
    "description",
    "kind",
    "level",
    "lessons",
    "measures",
    "place",
    "prevention",
    "reporter",
    "result",
    "solution",
    "time",
]


class FlowStep(Part):
    """One box of the flow chart. A question continues with the next step if the answer is yes."""

    name: Name = Field(description="the name that other steps refer to", examples=["take-request"])
    text: Text = Field(
        description="the action or the question", examples=[{"zh": "受理请求", "en": "take the request"}]
    )
    by: Name = Field(description="who does it: customer, or a team or person", examples=["customer-service"])
    otherwise: Name | None = Field(
        default=None, description="makes the step a question: the step that follows a no", examples=["on-site"]
    )
    records: Distinct[Recorded] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="what is recorded in this step",
        examples=[["time", "place", "reporter", "description"]],
    )
    level: Several[LevelName] = Field(
        json_schema_extra=NARROWER,
        default=(),
        description="only for cases of these levels; all levels by default",
        examples=[["I", "II"]],
    )
    approval: Name | None = Field(
        json_schema_extra=OTHER, default=None, description="the approval that it waits for", examples=["solution"]
    )
    then: Name | None = Field(
        default=None, description="the step that follows; the next one by default", examples=["end"]
    )


_SERVED = {"services": "the flow must serve at least one service"}
_NEEDED = {
    "resident": {**_SERVED, "roster": "the roster defines who is on site"},
    "inspection_and_repair": {**_SERVED, "inspections": "this flow relies on inspections"},
    "case": {"cases": "the flow must name a kind of case"},
}
"""The fields that each way requires, and why."""


class Flow(Document):
    """How services are delivered, or how a kind of case is handled from report to closure."""

    model_config = ConfigDict(json_schema_extra=required_when("way", _NEEDED))
    kind: Literal["flow"] = Field(description="the kind of this policy")
    way: Literal["resident", "inspection_and_repair", "case"] = Field(
        description="resident engineers; periodic inspection with on-site repair; or case handling",
        examples=["resident"],
    )
    services: Distinct[Name] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="the services delivered this way",
        examples=[["office-automation-web"]],
    )
    cases: Literal["incident", "consultation", "defect", "change"] | None = Field(
        default=None, description="for case: the kind of case", examples=["defect"]
    )
    roster: Name | None = Field(default=None, description="for resident: the on-site roster", examples=["on-site"])
    inspections: Distinct[Name] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="for inspection_and_repair: the periodic inspections",
        examples=[["daily-servers"]],
    )
    steps: NotEmpty[FlowStep] = Field(
        json_schema_extra=FEWER,
        description="the steps, from request to closure",
        examples=[[{"name": "report", "text": {"en": "report"}, "by": "customer"}]],
    )

    @model_validator(mode="after")
    def _way_is_carried(self) -> "Flow":
        for field, why in _NEEDED[self.way].items():
            if not getattr(self, field):
                raise InvalidValueError(Code.FIELD_MISSING, f"required field is missing: {why}", below=(field,))
        for field in ("services", "cases"):
            if getattr(self, field) and field not in _NEEDED[self.way]:
                message = f"{field} is not allowed with way: {self.way}"
                raise InvalidValueError(Code.BAD_FORM, message, below=(field,))
        return self

    @model_validator(mode="after")
    def _steps_lead_somewhere(self) -> "Flow":
        names = [step.name for step in self.steps]
        for index, step in enumerate(self.steps):
            if step.name in names[:index]:
                message = f'duplicate step "{step.name}"'
                raise InvalidValueError(Code.BAD_FORM, message, below=("steps", index, "name"))
            for field, goal in (("otherwise", step.otherwise), ("then", step.then)):
                if goal not in {None, "end", *names}:
                    message = f'unknown step "{goal}"'
                    hint = f"one of {', '.join(names)}"
                    raise InvalidValueError(Code.BAD_FORM, message, hint=hint, below=("steps", index, field))
        return self
