"""The kind `calendar`: working hours, holidays and make-up working days.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`; a file with only a calendar works alone.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema import patterns
from opspact.schema.annotations import Check, Parse, Rewrite
from opspact.schema.codes import Code
from opspact.schema.documents.contract import Zone
from opspact.schema.editors import OneOrSeveral, SchemaWords
from opspact.schema.fields import (
    Day,
    DayOrDays,
    Distinct,
    Document,
    Line,
    NotEmpty,
    Part,
    not_empty,
    one_or_several,
    text_schema,
)
from opspact.schema.value_error import InvalidValueError, quote
from opspact.schema.values.days import parse_day
from opspact.schema.values.hours import WEEK_DAYS, in_order, parse_hours, parse_yearly, week_days
from opspact.schema.values.validators import matching
from opspact.values.hours import DayHours, Hours

_ALWAYS = "always"
"""The calendar that every contract has without a document: every hour of every day."""

_MOST_DAYS = 3660

_MOST_DAYS_AT_ONCE = 366


def _known_days(text: str) -> str:
    week_days(text)
    return text


def _parse_year(value: object) -> int:
    if isinstance(value, str) and re.fullmatch("(?:19|20|21)[0-9]{2}", value):
        return int(value)
    raise InvalidValueError(Code.BAD_FORM, f"expected a year, got {quote(value)}", hint="for example 2027")


_USUAL = "default"


def _parse_usual_or_day(value: object) -> date | None:
    return None if value == _USUAL else parse_day(value)


def _usual_hours(value: object) -> object:
    """Given hours that are not by day, return them as those of all make-up days."""
    return value if isinstance(value, dict) or value is None else {_USUAL: value}


_DAY = f"(?:{'|'.join(WEEK_DAYS)})"
WeekDays = Annotated[
    str,
    Check(_known_days),
    text_schema("a weekday, or a range of weekdays", "mon-fri", f"^{_DAY}(?:-{_DAY})?$"),
]
OpeningHours = Annotated[Hours, Parse(parse_hours), text_schema("a range of hours", "09:00-17:00", patterns.HOURS)]
HoursOfDay = Annotated[
    tuple[OpeningHours, ...],
    Rewrite(one_or_several),
    Check(in_order),
    OneOrSeveral(),
]
Yearly = Annotated[tuple[int, int], Parse(parse_yearly), text_schema("a month and a day", "12-25", patterns.YEARLY)]
Year = Annotated[int, Parse(_parse_year), text_schema("a year", "2027", "^(?:19|20|21)[0-9]{2}$")]
UsualOrDay = Annotated[
    date | None, Parse(_parse_usual_or_day), text_schema("a date, or default", "2026-12-24", patterns.USUAL_OR_DAY)
]
WorkdayHours = Annotated[
    Mapping[UsualOrDay, Annotated[HoursOfDay, Check(not_empty), SchemaWords(minItems=1)]],
    Rewrite(_usual_hours, accepted=HoursOfDay | Mapping[UsualOrDay, HoursOfDay]),
]
Country = Annotated[
    str,
    Check(matching(r"[A-Z]{2}", "a two-letter country code, such as CN")),
    text_schema("a two-letter country code (ISO 3166)", "CN", "^[A-Z]{2}$"),
]
Subdivision = Annotated[
    str,
    Check(matching(r"[A-Z0-9]{1,3}", "a subdivision of the country, such as BY")),
    text_schema("a subdivision of the country (ISO 3166-2)", "BY", "^[A-Z0-9]{1,3}$"),
]


class OfficialYear(Part):
    """The public holidays of a year, as they were announced."""

    source: Line = Field(
        description="where the announcement is found: its title and number, or its address",
        examples=["国务院办公厅关于2027年部分节假日安排的通知"],
    )
    days_off: NotEmpty[DayOrDays] = Field(
        description="days off, or ranges of days; those of the December before too",
        examples=[["2027-01-01..2027-01-03"]],
    )
    workdays: Distinct[Day] = Field(
        default=(), description="days at weekends that are worked to make up for them", examples=[["2027-01-10"]]
    )

    @model_validator(mode="after")
    def _days_are_each_one_thing(self) -> "OfficialYear":
        seen: set[date] = set()
        for index, period in enumerate(self.days_off):
            if (period.last - period.first).days > _MOST_DAYS_AT_ONCE:
                message = f"{period} is longer than {_MOST_DAYS_AT_ONCE} days"
                raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("days_off", index))
            for day in period.days():
                if day in seen:
                    raise InvalidValueError(Code.BAD_FORM, f"{day} is listed twice", below=("days_off", index))
                seen.add(day)
        for index, day in enumerate(self.workdays):
            if day in seen:
                message = f"{day} is listed under days_off too"
                raise InvalidValueError(Code.BAD_FORM, message, below=("workdays", index))
        return self

    def check_year(self, year: int) -> None:
        """Given the year that it stands under, raise InvalidValueError where a day lies in none that it may."""
        for index, period in enumerate(self.days_off):
            _check_of_year((period.first, period.last), year, ("days_off", index))
        for index, day in enumerate(self.workdays):
            _check_of_year((day,), year, ("workdays", index))


def is_of_year(day: date, year: int) -> bool:
    """Given a day, return whether the list of a year may name it: those of the December before belong to it too."""
    return day.year == year or (day.year, day.month) == (year - 1, 12)


def _check_of_year(days: Iterable[date], year: int, path: tuple[str | int, ...]) -> None:
    for day in days:
        if not is_of_year(day, year):
            message = f"{day} is neither in {year} nor in the December before"
            raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("official", str(year), *path))


class Holidays(Part):
    """Days off, whatever the week says."""

    model_config = ConfigDict(json_schema_extra={"dependentRequired": {"subdivision": ["country"]}})

    country: Country | None = Field(
        default=None,
        description="public holidays of this country, with make-up working days for China",
        examples=["CN"],
    )
    subdivision: Subdivision | None = Field(
        default=None, description="a subdivision of the country with its own holidays", examples=["BY"]
    )
    known_through: Day | None = Field(
        default=None,
        description="the last day for which holidays are known; business time after it is refused",
        examples=["2026-12-31"],
    )
    dates: Distinct[DayOrDays] = Field(
        default=(),
        description="additional days off, or ranges of days",
        examples=[["2026-11-01", "2026-12-24..2026-12-26"]],
    )
    yearly: Distinct[Yearly] = Field(default=(), description="days off every year", examples=[["01-01", "05-01"]])
    official: Mapping[Year, OfficialYear] = Field(
        default_factory=dict,
        description="years whose announced holidays are written here; they count in place of the country's",
        examples=[{"2027": {"source": "…", "days_off": ["2027-01-01..2027-01-03"], "workdays": ["2027-01-10"]}}],
    )

    @model_validator(mode="after")
    def _official_days_are_of_their_years(self) -> "Holidays":
        for year, official in self.official.items():
            official.check_year(year)
        return self

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
                Code.FIELD_MISSING, "required field is missing", hint="for example, country: DE", below=("country",)
            )
        return self


class Calendar(Document):
    """Working hours in a zone."""

    kind: Literal["calendar"] = Field(description="the kind of this policy")
    zone: Zone = Field(description="the time zone of the hours and days", examples=["Asia/Shanghai"])
    week: Mapping[WeekDays, HoursOfDay] = Field(
        description="open hours by weekday or range of weekdays; days not listed are closed",
        examples=[{"mon-fri": ["09:00-12:00", "13:30-18:30"], "sat": ["10:00-24:00"]}],
    )
    holidays: Holidays = Field(
        default_factory=Holidays, description="days off", examples=[{"country": "CN", "known_through": "2026-12-31"}]
    )
    workdays: Distinct[Day] = Field(
        default=(),
        description="working days that the week or holidays would otherwise close",
        examples=[["2026-11-07"]],
    )
    workday_hours: WorkdayHours | None = Field(
        default=None,
        description="hours on workdays and make-up days, Monday's by default; or by date, for half days",
        examples=[["09:00-17:00"], {"2026-12-24": ["09:00-12:00"]}],
    )

    @property
    def hours(self) -> tuple[DayHours, ...]:
        """The hours of each day of the week, Monday's first."""
        found: list[DayHours] = [()] * len(WEEK_DAYS)
        for days, hours in self.week.items():
            for day in week_days(days):
                found[day] = hours
        return tuple(found)

    @property
    def default_hours(self) -> DayHours | None:
        """The hours of make-up days, where they are written."""
        return (self.workday_hours or {}).get(None)

    @property
    def _has_workdays(self) -> bool:
        official = self.holidays.official.values()
        return bool(self.workdays or self.holidays.country == "CN" or any(year.workdays for year in official))

    @model_validator(mode="after")
    def _name_is_free(self) -> "Calendar":
        if self.name == _ALWAYS:
            message = "the name always is reserved for the built-in 24x7 calendar"
            raise InvalidValueError(Code.NAME_TWICE, message, hint="choose another name", below=("name",))
        return self

    @model_validator(mode="after")
    def _each_day_once(self) -> "Calendar":
        seen: dict[int, str] = {}
        for days in self.week:
            for day in week_days(days):
                if day in seen:
                    message = f"{WEEK_DAYS[day]} is already covered by {seen[day]}"
                    raise InvalidValueError(Code.BAD_FORM, message, below=("week", days))
                seen[day] = days
        return self

    @model_validator(mode="after")
    def _open_at_all(self) -> "Calendar":
        if not any(self.hours):
            message = "the calendar is never open: no weekday has hours"
            raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("week",))
        if not self.hours[0] and self.default_hours is None and self._has_workdays:
            message = "required field is missing: make-up days use Monday's hours by default, and Monday is closed"
            hint = 'for example workday_hours: ["09:00-17:00"]'
            raise InvalidValueError(Code.FIELD_MISSING, message, hint=hint, below=("workday_hours",))
        return self
