"""The kind `emergency`: what may happen, how it shows, how it is prevented, and what is done then.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.codes import Code
from opspact.schema.direction import FEWER, MORE
from opspact.schema.editors import any_of
from opspact.schema.fields import Distinct, Document, Elapsed, Line, Name, OneKey, Part, Text
from opspact.schema.value_error import InvalidValueError


class Symptoms(Part):
    """What people see and say, by language: the words by which the knowledge base is searched."""

    model_config = ConfigDict(json_schema_extra=any_of("zh", "en"))
    zh: Distinct[Line] = Field(default=(), description="in Chinese", examples=[["数据丢失", "表不存在"]])
    en: Distinct[Line] = Field(default=(), description="in English", examples=[["data lost"]])

    @model_validator(mode="after")
    def _some(self) -> "Symptoms":
        if not self.zh and not self.en:
            raise InvalidValueError(Code.FIELD_MISSING, "expected at least one symptom", hint="zh: […] or en: […]")
        return self


class Prevention(OneKey):
    """One thing that keeps it from happening, or from doing harm: a policy, or something done by hand."""

    what: ClassVar[str] = "prevention"
    access: Name | None = Field(default=None, description="an access policy", examples=["on-site-engineers"])
    backup: Name | None = Field(default=None, description="a backup", examples=["daily-incremental"])
    data_care: Name | None = Field(default=None, description="a care of data", examples=["purge-audit-trail"])
    device: Name | None = Field(default=None, description="a device that is looked at", examples=["core-switch"])
    inspection: Name | None = Field(default=None, description="an inspection", examples=["daily-servers"])
    log_review: Name | None = Field(default=None, description="a review of logs", examples=["daily-logins"])
    service: Name | None = Field(default=None, description="a service kept as it is", examples=["office-web"])
    training: Name | None = Field(default=None, description="a training", examples=["system-use"])
    visit: Name | None = Field(default=None, description="a visit", examples=["customer-visit"])
    by_hand: Text | None = Field(default=None, description="what people do", examples=[{"en": "bring the installer"}])


class Emergency(Document):
    """An emergency that is prepared for."""

    kind: Literal["emergency"] = Field(description="what this document is")
    symptoms: Symptoms = Field(description="how it shows", examples=[{"zh": ["数据丢失"], "en": ["data lost"]}])
    prevention: tuple[Prevention, ...] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="what prevents it",
        examples=[[{"backup": "daily-incremental"}]],
    )
    handling: Text | None = Field(
        default=None, description="what is done then, in a sentence", examples=[{"en": "restore the last good copy"}]
    )
    runbook: Name = Field(description="the procedure that operators follow", examples=["restore-database"])
    drill_within: Elapsed | None = Field(
        json_schema_extra=MORE,
        default=None,
        description="the runbook is tried at least once in this time",
        examples=["180 days"],
    )
