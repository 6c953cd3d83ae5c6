"""The kind `rollout`: the order in which changes reach hosts, and what stops a rollout.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from opspact.schema.annotations import Check
from opspact.schema.codes import Code
from opspact.schema.direction import FEWER_HOSTS, GROWN, LESS, MORE, OFF
from opspact.schema.fields import Distinct, Document, Elapsed, HostPattern, Line, NotEmpty, OneKey, Part, text_schema
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values import validators

_POLICY = r"[a-z][a-z_]*/[a-z][a-z0-9-]*"
_POLICY_WORDS = "a policy, as kind/name"
PolicyName = Annotated[
    str,
    Check(validators.matching(_POLICY, _POLICY_WORDS)),
    text_schema(_POLICY_WORDS, "service/web", f"^{_POLICY}$"),
]


class Wave(OneKey):
    """The hosts of one wave: a host pattern, a number, or a share; or a pause between two waves."""

    what: ClassVar[str] = "host selection"
    hosts: HostPattern | None = Field(default=None, description="these", examples=["canary"])
    count: int | None = Field(default=None, ge=1, le=100_000, description="so many further hosts", examples=[5])
    percent: int | None = Field(
        default=None,
        ge=1,
        le=100,
        description="until this share of all hosts that the apply changes has been reached, earlier waves included",
        examples=[25],
    )
    pause: Line | None = Field(
        default=None,
        description="no hosts: the apply stops here, with this reason, until a person continues it with --resume",
        examples=["look at the shop first"],
    )


class Gate(Part):
    """Conditions for starting the next wave. A host that cannot be reached has failed."""

    verify: bool = Field(
        json_schema_extra=OFF,
        default=True,
        description="the wave's hosts are verified again when they have settled",
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
        json_schema_extra=LESS,
        default=None,
        description="how long to wait after a wave before verifying it",
        examples=["2m"],
    )


class Brake(Part):
    """Limits on the size of a change: a plan that exceeds one is refused before anything is changed."""

    max_hosts: int | None = Field(
        json_schema_extra=MORE,
        default=None,
        ge=1,
        le=100_000,
        description="maximum number of hosts that one apply may change",
        examples=[20],
    )
    max_percent: int | None = Field(
        json_schema_extra=MORE,
        default=None,
        ge=1,
        le=100,
        description="maximum share of this policy's hosts that one apply may change",
        examples=[40],
    )

    @model_validator(mode="after")
    def _limits_something(self) -> "Brake":
        if self.max_hosts is None and self.max_percent is None:
            raise InvalidValueError(Code.BAD_FORM, "expected max_hosts, max_percent or both, got neither")
        return self


class Rollout(Document):
    """How changes are rolled out."""

    kind: Literal["rollout"] = Field(description="the kind of this policy")
    hosts: HostPattern = Field(
        json_schema_extra=FEWER_HOSTS,
        default="all",
        description="the hosts; a host can be in one rollout only",
        examples=["web"],
    )
    waves: NotEmpty[Wave] = Field(
        description="the waves, in order, and pauses between them; a host in an earlier wave is left out of later ones",
        examples=[[{"hosts": "canary"}, {"percent": 25}, {"percent": 100}]],
    )
    gate: Gate = Field(
        default_factory=Gate, description="conditions checked between waves", examples=[{"verify": True}]
    )
    brake: Brake | None = Field(
        default=None, description="limits on the size of a change", examples=[{"max_percent": 40}]
    )
    rollback: bool = Field(
        json_schema_extra=OFF,
        default=True,
        description="a wave that fails its gate goes back to what was applied there before",
        examples=[True],
    )
    fix_drift: Distinct[PolicyName] = Field(
        json_schema_extra=GROWN,
        default=(),
        description="policies of which `opspact drift --fix` may fix drift on these hosts, as last applied",
        examples=[["service/web"]],
    )

    @model_validator(mode="after")
    def _waves_follow_each_other(self) -> "Rollout":
        if self.waves[-1].pause is not None:
            message = "a pause is between two waves; nothing comes after this one"
            raise InvalidValueError(Code.BAD_FORM, message, below=("waves", len(self.waves) - 1, "pause"))
        before = 0
        for index, wave in enumerate(self.waves):
            if wave.percent is None:
                continue
            if wave.percent <= before:
                message = f"{wave.percent}% is already reached; percentages are of all hosts and must increase"
                raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("waves", index, "percent"))
            before = wave.percent
        return self
