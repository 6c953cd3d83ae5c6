"""The kind `rollout`: the order in which changes reach hosts, and what stops a rollout.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.direction import LESS, MORE, OFF
from opspact.schema.fields import Document, Elapsed, HostPattern, NotEmpty, OneKey, Part
from opspact.schema.value_error import InvalidValueError


class Wave(OneKey):
    """The hosts of one wave: a host pattern, or a share of all hosts."""

    what: ClassVar[str] = "host selection"
    hosts: HostPattern | None = Field(default=None, description="these", examples=["canary"])
    percent: int | None = Field(default=None, ge=1, le=100, description="up to this share of all hosts", examples=[25])


class Gate(Part):
    """Conditions for starting the next wave."""

    verify: bool = Field(
        json_schema_extra=OFF,
        default=True,
        description="all hosts of the wave pass verify",
        examples=[True],
    )
    max_failures: int = Field(
        json_schema_extra=MORE,
        default=0,
        ge=0,
        le=100_000,
        description="maximum number of hosts that may fail in a wave",
        examples=[0],
    )
    settle: Elapsed | None = Field(
        json_schema_extra=LESS, default=None, description="how long to wait before verifying", examples=["2m"]
    )


class Brake(Part):
    """Limits on the size of a change."""

    max_percent: int = Field(
        json_schema_extra=MORE,
        ge=1,
        le=100,
        description="stop if a plan changes more than this share of all hosts",
        examples=[40],
    )


class Rollout(Document):
    """How changes are rolled out."""

    kind: Literal["rollout"] = Field(description="the kind of this policy")
    waves: NotEmpty[Wave] = Field(
        description="the waves, in order; a host in an earlier wave is left out of later ones",
        examples=[[{"hosts": "canary"}, {"percent": 25}, {"percent": 100}]],
    )
    gate: Gate = Field(
        default_factory=Gate, description="conditions checked between waves", examples=[{"verify": True}]
    )
    brake: Brake | None = Field(
        default=None, description="limits on the size of a change", examples=[{"max_percent": 40}]
    )

    @model_validator(mode="after")
    def _shares_grow(self) -> "Rollout":
        before = 0
        for index, wave in enumerate(self.waves):
            if wave.percent is None:
                continue
            if wave.percent <= before:
                message = f"{wave.percent}% is already reached; percentages are of all hosts and must increase"
                raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("waves", index, "percent"))
            before = wave.percent
        return self
