"""The kind `rollout`: in which order changes reach hosts, and what stops them.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.direction import LESS, MORE, OFF
from opspact.schema.fields import Document, Elapsed, HostPattern, NotEmpty, OneKey, Part
from opspact.schema.value_error import InvalidValueError


class Wave(OneKey):
    """The next hosts: those of a pattern, or as many as make up a share of all."""

    what: ClassVar[str] = "way to choose hosts"
    hosts: HostPattern | None = Field(default=None, description="these", examples=["canary"])
    percent: int | None = Field(default=None, ge=1, le=100, description="up to this share of all", examples=[25])


class Gate(Part):
    """What must hold before the next wave."""

    verify: bool = Field(
        json_schema_extra=OFF,
        default=True,
        description="the hosts were looked at, and are as they shall be",
        examples=[True],
    )
    max_failures: int = Field(
        json_schema_extra=MORE, default=0, ge=0, le=100_000, description="hosts that may fail in a wave", examples=[0]
    )
    settle: Elapsed | None = Field(
        json_schema_extra=LESS, default=None, description="wait so long before looking", examples=["2m"]
    )


class Brake(Part):
    """What is too much at once."""

    max_percent: int = Field(
        json_schema_extra=MORE, ge=1, le=100, description="a plan that changes more of all hosts stops", examples=[40]
    )


class Rollout(Document):
    """A rule of rolling out."""

    kind: Literal["rollout"] = Field(description="what this document is")
    waves: NotEmpty[Wave] = Field(
        description="in this order; whoever was in an earlier wave is not in a later one",
        examples=[[{"hosts": "canary"}, {"percent": 25}, {"percent": 100}]],
    )
    gate: Gate = Field(default_factory=Gate, description="between waves", examples=[{"verify": True}])
    brake: Brake | None = Field(default=None, description="too much at once", examples=[{"max_percent": 40}])

    @model_validator(mode="after")
    def _shares_grow(self) -> "Rollout":
        before = 0
        for index, wave in enumerate(self.waves):
            if wave.percent is None:
                continue
            if wave.percent <= before:
                message = f"{wave.percent} per cent were reached before: shares are of all hosts, and grow"
                raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("waves", index, "percent"))
            before = wave.percent
        return self
