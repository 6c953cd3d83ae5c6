"""The kind `calendar`: when somebody works, and on which days nobody does.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`; a file with just one stands for itself.
"""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema import patterns
from opspact.schema.annotations import Check, Parse, Rewrite
from opspact.schema.codes import Code
from opspact.schema.documents.contract import Zone
from opspact.schema.editors import OneOrSeveral, SchemaWords
from opspact.schema.fields import Day, DayOrDays, Distinct, Document, Part, not_empty, one_or_several, text_schema
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.hours import WEEK_DAYS, in_order, parse_hours, parse_yearly, week_days
from opspact.schema.values.validators import matching
from opspact.values.hours import DayHours, Hours

_ALWAYS = "always"
"""The calendar that every contract has without a document: every hour of every day."""

_MOST_DAYS = 3660


def _known_days(text: str) -> str:
    week_days(text)
    return text


_DAY = f"(?:{'|'.join(WEEK_DAYS)})"
WeekDays = Annotated[
    str,
    Check(_known_days),
    text_schema("a day, or days from - to", "mon-fri", f"^{_DAY}(?:-{_DAY})?$"),
]
OpeningHours = Annotated[
    Hours, Parse(parse_hours), text_schema("from one time to another", "09:00-17:00", patterns.HOURS)
]
HoursOfDay = Annotated[
    tuple[OpeningHours, ...],
    Rewrite(one_or_several),
    Check(in_order),
    OneOrSeveral(),
]
Yearly = Annotated[tuple[int, int], Parse(parse_yearly), text_schema("a month and a day", "12-25", patterns.YEARLY)]
Country = Annotated[
    str,
    Check(matching(r"[A-Z]{2}", "a country's two letters, such as CN")),
    text_schema("a country's two letters (ISO 3166)", "CN", "^[A-Z]{2}$"),
]
Subdivision = Annotated[
    str,
    Check(matching(r"[A-Z0-9]{1,3}", "a part of the country, such as BY")),
    text_schema("a part of the country (ISO 3166-2)", "BY", "^[A-Z0-9]{1,3}$"),
]


class Holidays(Part):
    """Days on which nobody works, whatever the week says."""

    model_config = ConfigDict(json_schema_extra={"dependentRequired": {"subdivision": ["country"]}})

    country: Country | None = Field(
        default=None, description="the public holidays of a country; China's make-up working days too", examples=["CN"]
    )
    subdivision: Subdivision | None = Field(
        default=None, description="a part of the country with holidays of its own", examples=["BY"]
    )
    known_through: Day | None = Field(
        default=None,
        description="the last day whose holidays are known; business time beyond it is refused, never guessed",
        examples=["2026-12-31"],
    )
    dates: Distinct[DayOrDays] = Field(
        default=(), description="more days off, or ranges of them", examples=[["2026-11-01", "2026-12-24..2026-12-26"]]
    )
    yearly: Distinct[Yearly] = Field(default=(), description="days off in every year", examples=[["01-01", "05-01"]])

    @model_validator(mode="after")
    def _ranges_are_short(self) -> "Holidays":
        for index, period in enumerate(self.dates):
            if (period.last - period.first).days > _MOST_DAYS:
                message = f"{period} is longer than ten years"
                raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("dates", index))
        return self

    @model_validator(mode="after")
    def _part_of_a_country(self) -> "Holidays":
        if self.subdivision is not None and self.country is None:
            raise InvalidValueError(
                Code.FIELD_MISSING, "is missing", hint="for example country: DE", below=("country",)
            )
        return self


class Calendar(Document):
    """Working hours in a zone."""

    kind: Literal["calendar"] = Field(description="what this document is")
    zone: Zone = Field(description="the zone of its hours and days", examples=["Asia/Shanghai"])
    week: Mapping[WeekDays, HoursOfDay] = Field(
        description="the hours of each day or range of days; days that are missing are closed",
        examples=[{"mon-fri": ["09:00-12:00", "13:30-18:30"], "sat": ["10:00-24:00"]}],
    )
    holidays: Holidays = Field(
        default_factory=Holidays, description="days off", examples=[{"country": "CN", "known_through": "2026-12-31"}]
    )
    workdays: Distinct[Day] = Field(
        default=(), description="worked, though closed by week or holiday", examples=[["2026-11-07"]]
    )
    workday_hours: Annotated[HoursOfDay, Check(not_empty), SchemaWords(minItems=1)] | None = Field(
        default=None,
        description="the hours of such days and of make-up days; else Monday's",
        examples=[["09:00-17:00"]],
    )

    @property
    def hours(self) -> tuple[DayHours, ...]:
        """The hours of each day of the week, Monday's first."""
        found: list[DayHours] = [()] * len(WEEK_DAYS)
        for days, hours in self.week.items():
            for day in week_days(days):
                found[day] = hours
        return tuple(found)

    @model_validator(mode="after")
    def _name_is_free(self) -> "Calendar":
        if self.name == _ALWAYS:
            message = "always is every hour of every day, in every contract"
            raise InvalidValueError(Code.NAME_TWICE, message, hint="choose another name", below=("name",))
        return self

    @model_validator(mode="after")
    def _each_day_once(self) -> "Calendar":
        seen: dict[int, str] = {}
        for days in self.week:
            for day in week_days(days):
                if day in seen:
                    message = f"{WEEK_DAYS[day]} is in {seen[day]} already"
                    raise InvalidValueError(Code.BAD_FORM, message, below=("week", days))
                seen[day] = days
        return self

    @model_validator(mode="after")
    def _open_at_all(self) -> "Calendar":
        if not any(self.hours):
            message = "no day has hours: such a calendar is never open"
            raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("week",))
        if not self.hours[0] and self.workday_hours is None and (self.workdays or self.holidays.country == "CN"):
            message = "is missing: Monday, whose hours a make-up day has otherwise, is closed"
            hint = 'for example workday_hours: ["09:00-17:00"]'
            raise InvalidValueError(Code.FIELD_MISSING, message, hint=hint, below=("workday_hours",))
        return self
