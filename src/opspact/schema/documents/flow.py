"""The kind `flow`: the way in which services are served, step by step.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.direction import FEWER
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
    """One box of the chart. A question goes on with the next step when the answer is yes."""

    name: Name = Field(description="what other steps call it", examples=["take-request"])
    text: Text = Field(description="what is done, or asked", examples=[{"zh": "受理请求", "en": "take the request"}])
    by: Name = Field(description="customer, or the team or person that does it", examples=["customer-service"])
    otherwise: Name | None = Field(
        default=None, description="makes it a question: where it goes on if not", examples=["on-site"]
    )
    records: Distinct[Recorded] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="what is written down with it",
        examples=[["time", "place", "reporter", "description"]],
    )
    level: Several[LevelName] = Field(
        default=(), description="only for cases of these levels; all otherwise", examples=[["I", "II"]]
    )
    approval: Name | None = Field(default=None, description="whose yes it waits for", examples=["solution"])
    then: Name | None = Field(
        default=None, description="where it goes on; with the next step otherwise", examples=["end"]
    )


_SERVED = {"services": "somebody must be served so"}
_NEEDED = {
    "resident": {**_SERVED, "roster": "it says who is on site when"},
    "inspection_and_repair": {**_SERVED, "inspections": "faults are found by inspections"},
    "case": {"cases": "it says of which kind the cases are"},
}
"""What each way must say, and why."""


class Flow(Document):
    """How services are served, or how a kind of case is taken from its report to its end."""

    model_config = ConfigDict(json_schema_extra=required_when("way", _NEEDED))
    kind: Literal["flow"] = Field(description="what this document is")
    way: Literal["resident", "inspection_and_repair", "case"] = Field(
        description="engineers resident; periodic inspection and repair on site; or the course of a case",
        examples=["resident"],
    )
    services: Distinct[Name] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="the services served so",
        examples=[["office-automation-web"]],
    )
    cases: Literal["incident", "consultation", "defect", "change"] | None = Field(
        default=None, description="case: of which kind", examples=["defect"]
    )
    roster: Name | None = Field(default=None, description="resident: who is on site when", examples=["on-site"])
    inspections: Distinct[Name] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="inspection_and_repair: the periodic inspections",
        examples=[["daily-servers"]],
    )
    steps: NotEmpty[FlowStep] = Field(
        description="from the request to its end",
        examples=[[{"name": "report", "text": {"en": "report"}, "by": "customer"}]],
    )

    @model_validator(mode="after")
    def _way_is_carried(self) -> "Flow":
        for field, why in _NEEDED[self.way].items():
            if not getattr(self, field):
                raise InvalidValueError(Code.FIELD_MISSING, f"is missing: {why}", below=(field,))
        for field in ("services", "cases"):
            if getattr(self, field) and field not in _NEEDED[self.way]:
                message = f"a flow of the way {self.way} has no {field}"
                raise InvalidValueError(Code.BAD_FORM, message, below=(field,))
        return self

    @model_validator(mode="after")
    def _steps_lead_somewhere(self) -> "Flow":
        names = [step.name for step in self.steps]
        for index, step in enumerate(self.steps):
            if step.name in names[:index]:
                message = f'"{step.name}" is there already'
                raise InvalidValueError(Code.BAD_FORM, message, below=("steps", index, "name"))
            for field, goal in (("otherwise", step.otherwise), ("then", step.then)):
                if goal not in {None, "end", *names}:
                    message = f'there is no step "{goal}"'
                    hint = f"one of {', '.join(names)}"
                    raise InvalidValueError(Code.BAD_FORM, message, hint=hint, below=("steps", index, field))
        return self
