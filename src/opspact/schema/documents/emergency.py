"""The kind `emergency`: what can happen, its symptoms, its prevention and how it is handled.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.direction import CHANGED, FEWER, MORE, OTHER
from opspact.schema.editors import any_of
from opspact.schema.fields import Distinct, Document, Elapsed, Line, Name, OneKey, Part, Text, Word
from opspact.schema.value_error import InvalidValueError


class Symptoms(Part):
    """Symptoms as people describe them, by language; the knowledge base is searched by these words."""

    model_config = ConfigDict(json_schema_extra=any_of("zh", "en"))
    zh: Distinct[Line] = Field(default=(), description="symptoms in Chinese", examples=[["数据丢失", "表不存在"]])
    en: Distinct[Line] = Field(default=(), description="symptoms in English", examples=[["data lost"]])

    @model_validator(mode="after")
    def _some(self) -> "Symptoms":
        if not self.zh and not self.en:
            raise InvalidValueError(Code.FIELD_MISSING, "expected at least one symptom", hint="zh: […] or en: […]")
        return self


class Prevention(OneKey):
    """One preventive measure: a policy, or something done by hand."""

    what: ClassVar[str] = "prevention"
    access: Name | None = Field(default=None, description="an access policy", examples=["on-site-engineers"])
    backup: Name | None = Field(default=None, description="a backup policy", examples=["daily-incremental"])
    data_care: Name | None = Field(default=None, description="a data-care policy", examples=["purge-audit-trail"])
    device: Name | None = Field(default=None, description="a device that is checked", examples=["core-switch"])
    inspection: Name | None = Field(default=None, description="an inspection", examples=["daily-servers"])
    log_review: Name | None = Field(default=None, description="a log review", examples=["daily-logins"])
    library: Name | None = Field(default=None, description="an installer", examples=["office-client-installer"])
    service: Name | None = Field(default=None, description="a service policy", examples=["office-web"])
    spare: Name | None = Field(default=None, description="spare parts", examples=["core-switch-spare"])
    training: Name | None = Field(default=None, description="a training", examples=["system-use"])
    visit: Name | None = Field(default=None, description="a visit", examples=["customer-visit"])
    by_hand: Text | None = Field(default=None, description="a manual measure", examples=[{"en": "bring the installer"}])


class Fault(Part):
    """The fault of a drill: a runbook that makes it for real, on rehearsal hosts alone."""

    name: Name = Field(description="a runbook with rehearsal_only: true", examples=["fault-program-lost"])
    inputs: Mapping[Word, str] = Field(
        default_factory=dict, description="its inputs, by name", examples=[{"service": "nginx.service"}]
    )


class Rehearsal(Part):
    """How the emergency is rehearsed: on hosts whose inventory says `opspact_rehearsal: true`."""

    fault: Fault = Field(description="what makes the fault", examples=[{"name": "fault-program-lost"}])
    noticed_by: Name | None = Field(
        json_schema_extra=OTHER,
        default=None,
        description="the inspection that must notice the fault",
        examples=["hourly-web"],
    )
    inputs: Mapping[Word, str] = Field(
        default_factory=dict,
        description="inputs of the runbook, by name; `{{ began }}` is when the drill began, before the fault",
        examples=[{"before": "{{ began }}"}],
    )
    answers: Mapping[Name, Mapping[Word, str]] = Field(
        default_factory=dict,
        description="manual steps that are confirmed, by name (`CALL-STEP` in a called runbook), with the values asked",
        examples=[{"get-consent": {"treatment": "kill"}, "explain": {}}],
    )


class Emergency(Document):
    """An emergency with its prevention and its runbook."""

    kind: Literal["emergency"] = Field(description="the kind of this policy")
    symptoms: Symptoms = Field(description="its symptoms", examples=[{"zh": ["数据丢失"], "en": ["data lost"]}])
    prevention: tuple[Prevention, ...] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="preventive measures",
        examples=[[{"backup": "daily-incremental"}]],
    )
    handling: Text | None = Field(
        json_schema_extra=CHANGED,
        default=None,
        description="how it is handled, in one sentence",
        examples=[{"en": "restore the last good copy"}],
    )
    runbook: Name = Field(description="the runbook that operators follow", examples=["restore-database"])
    drill_within: Elapsed | None = Field(
        json_schema_extra=MORE,
        default=None,
        description="maximum time between two drills of the runbook",
        examples=["180 days"],
    )
    rehearsal: Rehearsal | None = Field(
        json_schema_extra=CHANGED,
        default=None,
        description="how it is rehearsed: the fault, and the answers that are given",
        examples=[{"fault": {"name": "fault-program-lost"}, "noticed_by": "hourly-web"}],
    )
