"""The kind `flow`: the way in which services are served, step by step.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Literal

from pydantic import Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.direction import FEWER
from opspact.schema.fields import Distinct, Document, Name, NotEmpty, Part, Text
from opspact.schema.wrong import WrongValueError


class FlowStep(Part):
    """One box of the chart. A question goes on with the next step when the answer is yes."""

    name: Name = Field(description="what other steps call it", examples=["take-request"])
    text: Text = Field(description="what is done, or asked", examples=[{"zh": "受理请求", "en": "take the request"}])
    by: Name = Field(description="customer, or the team or person that does it", examples=["customer-service"])
    otherwise: Name | None = Field(
        default=None, description="makes it a question: where it goes on if not", examples=["on-site"]
    )
    then: Name | None = Field(
        default=None, description="where it goes on; with the next step otherwise", examples=["end"]
    )


class Flow(Document):
    """How services are served: engineers resident, or periodic inspection and repair on site."""

    kind: Literal["flow"] = Field(description="what this document is")
    services: NotEmpty[Name] = Field(
        json_schema_extra=FEWER, description="the services served so", examples=[["office-automation-web"]]
    )
    way: Literal["resident", "inspection_and_repair"] = Field(description="which way", examples=["resident"])
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
        if self.way == "resident" and self.roster is None:
            message = "is missing: it says who is on site when"
            raise WrongValueError(Code.FIELD_MISSING, message, hint="roster: NAME", below=("roster",))
        if self.way == "inspection_and_repair" and not self.inspections:
            message = "is missing: faults are found by inspections"
            raise WrongValueError(Code.FIELD_MISSING, message, hint="inspections: [NAME]", below=("inspections",))
        return self

    @model_validator(mode="after")
    def _steps_lead_somewhere(self) -> "Flow":
        names = [step.name for step in self.steps]
        for index, step in enumerate(self.steps):
            if step.name in names[:index]:
                message = f'"{step.name}" is there already'
                raise WrongValueError(Code.BAD_FORM, message, below=("steps", index, "name"))
            for field, goal in (("otherwise", step.otherwise), ("then", step.then)):
                if goal not in {None, "end", *names}:
                    message = f'there is no step "{goal}"'
                    hint = f"one of {', '.join(names)}"
                    raise WrongValueError(Code.BAD_FORM, message, hint=hint, below=("steps", index, field))
        return self
