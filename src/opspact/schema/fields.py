"""Shared field types of the documents: the base model, texts, names, values that are more than text.

Comes in: plain data from the YAML reader. Goes out: frozen values.
"""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, ClassVar, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    WithJsonSchema,
    model_validator,
)
from pydantic.config import JsonDict

from opspact.schema import patterns
from opspact.schema.annotations import Check, Parse, Rewrite
from opspact.schema.codes import Code
from opspact.schema.direction import ONLY_HOSTS
from opspact.schema.editors import OneOrSeveral, SchemaWords
from opspact.schema.value_error import InvalidValueError, quote
from opspact.schema.values import validators
from opspact.schema.values.days import parse_day, parse_day_or_days, parse_open_period, parse_period
from opspact.schema.values.durations import parse_duration, parse_elapsed
from opspact.schema.values.instants import parse_instant, parse_start
from opspact.schema.values.percents import parse_percent
from opspact.schema.values.recipients import parse_recipient
from opspact.schema.values.schedules import parse_schedule
from opspact.schema.values.secrets import is_reference, parse_secret
from opspact.schema.values.ssh_keys import PublicKey, parse_public_key
from opspact.values.duration import Duration
from opspact.values.percent import Percent
from opspact.values.period import OpenPeriod, Period
from opspact.values.recipient import Recipient
from opspact.values.schedule import Schedule
from opspact.values.secret import SecretReference

Item = TypeVar("Item")


class Part(BaseModel):
    """Base of every mapping in a policy: nothing is converted, nothing unknown is let through, nothing changes.

    Kinds that a contract does not use are never built (`defer_build`): a fifth of the start of a small one.
    """

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, defer_build=True)
    other_words: ClassVar[Mapping[str, str]] = {}
    """Keys that other tools have and this part has not, with what is written here."""


def text_schema(what: str, example: str, pattern: str = "") -> WithJsonSchema:
    """Given words, an example and what the text must match, return the JSON Schema of a value written as text.

    `patternErrorMessage` is what editors show instead of the pattern, `x-written-as` what the reference says.
    """
    form: JsonDict = {"x-written-as": what}
    if pattern:
        form |= {"pattern": pattern, "patternErrorMessage": f"expected {what}, such as {example}"}
    return WithJsonSchema({"type": "string", "description": what, "examples": [example], **form})


def _parse_channel(value: object) -> "str | SecretReference":
    if is_reference(value):
        return parse_secret(value)
    if not isinstance(value, str):
        raise InvalidValueError(Code.WRONG_TYPE, f"expected text, got {quote(value)}", hint="write it in quotes")
    return validators.one_line(value)


def _parse_mode(value: object) -> str:
    if isinstance(value, str):
        return validators.octal_mode(value)
    hint = f'write "{value:0>4}"' if isinstance(value, int) and not isinstance(value, bool) else 'for example "0644"'
    message = f"expected a file mode, three or four octal digits in quotes, got {quote(value)}"
    raise InvalidValueError(Code.WRONG_TYPE, message, hint=hint)


def one_or_several(value: object) -> object:
    """Given one text or a list, return a list."""
    return (value,) if isinstance(value, str) else value


def distinct(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Given a list, return it. Raise WrongValueError at the first item that is there already."""
    seen: set[Item] = set()
    for index, item in enumerate(items):
        if item in seen:
            raise InvalidValueError(Code.BAD_FORM, f"duplicate {quote(_named(item))}", below=(index,))
        seen.add(item)
    return items


def not_empty(items: tuple[Item, ...]) -> tuple[Item, ...]:
    """Given a list, return it. Raise WrongValueError when nothing is in it."""
    if not items:
        raise InvalidValueError(Code.OUT_OF_BOUNDS, "expected at least one, got an empty list")
    return items


def _named(item: object) -> object:
    return item if isinstance(item, str | int) else str(item)


Line = Annotated[str, Check(validators.one_line), text_schema("one line of text", "OA", patterns.SOMETHING)]
_NAME = r"[a-z][a-z0-9-]{0,63}"
_NAME_WORDS = "a name (lowercase letters, digits and -, starting with a letter, 64 at most)"
_WORD = r"[a-z][a-z0-9_]{0,63}"
_WORD_WORDS = "a word (lowercase letters, digits and _, starting with a letter, 64 at most)"
_CLAUSE = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_CLAUSE_WORDS = "a clause number (letters, digits, . _ and -, 64 at most)"
Name = Annotated[
    str,
    Check(validators.matching(_NAME, _NAME_WORDS)),
    text_schema(_NAME_WORDS, "li-na", f"^{_NAME}$"),
]
Word = Annotated[
    str,
    Check(validators.matching(_WORD, _WORD_WORDS)),
    text_schema(_WORD_WORDS, "on_site", f"^{_WORD}$"),
]
ClauseNumber = Annotated[
    str,
    Check(validators.matching(_CLAUSE, _CLAUSE_WORDS)),
    text_schema(_CLAUSE_WORDS, "D5", f"^{_CLAUSE}$"),
]
Account = Annotated[
    str,
    Check(validators.account_name),
    text_schema("an account or group on a host", "root", r"^[a-z_][a-z0-9_-]{0,31}$"),
]
LoginGroup = Annotated[
    str, Check(validators.login_group), text_schema("a group on a host", "adm", r"^[a-z_][a-z0-9_-]{0,31}$")
]
_ACCOUNT = r"[A-Za-z_][A-Za-z0-9_.-]{0,31}"  # of whoever made it: with capital letters and dots, too
_ACCOUNT_WORDS = "an account on a host"
OtherAccount = Annotated[
    str,
    Check(validators.matching(_ACCOUNT, _ACCOUNT_WORDS)),
    text_schema(_ACCOUNT_WORDS, "ops", f"^{_ACCOUNT}$"),
]
_FINGERPRINT = r"SHA256:[A-Za-z0-9+/]{43}"
KeyOfAccount = Annotated[
    str,
    Check(validators.matching(rf"{_ACCOUNT} {_FINGERPRINT}", "an account and the fingerprint of a key")),
    text_schema(
        "an account and the fingerprint of a key (ssh-keygen -l)",
        "ops SHA256:Yk3pQ9Z0rC0u8vVwQb1nqk0lq3kU0m2e7bq0tq8Yx1g",
        rf"^{_ACCOUNT} {_FINGERPRINT}$",
    ),
]
MemberOfGroup = Annotated[
    str,
    Check(validators.matching(rf"{_ACCOUNT} in {_ACCOUNT}", "an account and a group, such as ops in sudo")),
    text_schema("an account and its group", "ops in sudo", rf"^{_ACCOUNT} in {_ACCOUNT}$"),
]
_SOURCE = r"[A-Za-z][A-Za-z0-9_]{0,31}"
AccountSource = Annotated[
    str,
    Check(validators.matching(_SOURCE, "a source of nsswitch.conf, AuthorizedKeysCommand or TrustedUserCAKeys")),
    text_schema("a source of nsswitch.conf, AuthorizedKeysCommand or TrustedUserCAKeys", "sss", rf"^{_SOURCE}$"),
]
HostPattern = Annotated[
    str,
    Check(validators.host_pattern),
    text_schema("an Ansible host pattern", "web:!staging", patterns.SOMETHING),
]
OnlyHosts = Annotated[
    HostPattern | None,
    Field(json_schema_extra=ONLY_HOSTS, description="only on hosts that match this pattern", examples=["db"]),
]
HostName = Annotated[str, Check(validators.host_address), text_schema("a host's name or address", "backup1", r"^\S+$")]
HostPath = Annotated[
    str,
    Check(validators.file_path),
    text_schema("an absolute path", "/etc/nginx/nginx.conf", patterns.BELOW_ROOT),
]
ManagedPath = Annotated[
    str,
    Check(validators.managed_path),
    text_schema("an absolute path", "/etc/nginx/nginx.conf", patterns.BELOW_ROOT),
]
VariablePath = Annotated[
    str,
    Check(validators.or_template(validators.file_path)),
    text_schema(
        "an absolute path, with {{ variables }} of the host", "/srv/oa", patterns.or_template(patterns.BELOW_ROOT)
    ),
]
VariableManagedPath = Annotated[
    str,
    Check(validators.or_template(validators.managed_path)),
    text_schema(
        "an absolute path, with {{ variables }} of the host",
        "/etc/nginx/nginx.conf",
        patterns.or_template(patterns.BELOW_ROOT),
    ),
]
MountPath = Annotated[str, Check(validators.absolute_path), text_schema("an absolute path", "/", patterns.ABSOLUTE)]
ContractFile = Annotated[
    str,
    Check(validators.contract_file),
    text_schema("a file of the contract, below files/", "files/oa.conf", patterns.BELOW_FILES),
]
UnitName = Annotated[str, Check(validators.unit_name), text_schema("a systemd unit", "nginx.service", patterns.UNIT)]
VariableUnit = Annotated[
    str,
    Check(validators.or_template(validators.unit_name)),
    text_schema(
        "a systemd unit, with {{ variables }} of the host", "nginx.service", patterns.or_template(patterns.UNIT)
    ),
]
SudoCommand = Annotated[
    str,
    Check(validators.command_line),
    text_schema("a command, or ALL", "/usr/bin/systemctl restart nginx", patterns.SUDO),
]
VariablePackage = Annotated[
    str,
    Check(validators.or_template(validators.package_name)),
    text_schema(
        "a Debian package, with {{ variables }} of the host",
        "nginx",
        patterns.or_template(r"^[a-z0-9][a-z0-9+.-]{1,127}$"),
    ),
]
DatabaseName = Annotated[
    str,
    Check(validators.matching(r"[A-Za-z_][A-Za-z0-9_-]{0,62}", "a database name")),
    text_schema("a database", "oa", r"^[A-Za-z_][A-Za-z0-9_-]{0,62}$"),
]
RepositoryName = Annotated[
    str,
    Check(validators.matching(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", "a repository name")),
    text_schema("a repository", "monthly", r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"),
]
LevelName = Annotated[
    str,
    Check(validators.matching(r"[A-Za-z0-9][A-Za-z0-9-]{0,31}", "a level name")),
    text_schema("a fault level", "II", r"^[A-Za-z0-9][A-Za-z0-9-]{0,31}$"),
]
Url = Annotated[str, Check(validators.http_url), text_schema("an http or https URL", "http://localhost/", patterns.URL)]
Content = Annotated[str, Check(validators.file_content), text_schema("the content of a text file", "hello\n")]
Mode = Annotated[str, Parse(_parse_mode), text_schema("three or four octal digits", "0644", patterns.MODE)]
Day = Annotated[date, Parse(parse_day), text_schema("a date", "2026-01-31", patterns.DAY)]
Days = Annotated[
    Period, Parse(parse_period), text_schema("a range of dates, both included", "2026-01-01..2026-12-31", patterns.DAYS)
]
OpenDays = Annotated[
    OpenPeriod,
    Parse(parse_open_period),
    text_schema("a range of dates, both included, or without an end", "2026-09-01..", patterns.OPEN_DAYS),
]
Instant = Annotated[
    datetime,
    Parse(parse_instant),
    text_schema("a date and time, in the contract's time zone", "2026-02-16T09:00", patterns.INSTANT),
]
Start = Annotated[
    datetime,
    Parse(parse_start),
    text_schema("a date, or a date and time in the contract's time zone", "2026-01-05", patterns.START),
]
DayOrDays = Annotated[
    Period,
    Parse(parse_day_or_days),
    text_schema("a date, or a range of dates, both included", "2026-12-24..2026-12-26", patterns.DAY_OR_DAYS),
]
Share = Annotated[Percent, Parse(parse_percent), text_schema("a percentage", "80%", patterns.SHARE)]
Elapsed = Annotated[Duration, Parse(parse_elapsed), text_schema("a duration with its unit", "30m", patterns.ELAPSED)]
When = Annotated[Schedule, Parse(parse_schedule), text_schema("a schedule", "daily at 02:00", patterns.SCHEDULE)]
AnyRecipient = Annotated[
    Recipient,
    Parse(parse_recipient),
    text_schema("a roster, a team or a person", "roster hotline-day", patterns.RECIPIENT),
]
Budget = Annotated[
    Duration,
    Parse(parse_duration),
    text_schema("a duration, in calendar time where stated", "12h", patterns.BUDGET),
]
Secret = Annotated[
    SecretReference,
    Parse(parse_secret),
    text_schema("a reference to a secret", "secret:vault:borg", patterns.KEPT_ELSEWHERE),
]
Channel = Annotated[
    str | SecretReference,
    Parse(_parse_channel),
    text_schema("an address, or a reference to it", "li.na@example.com", patterns.SOMETHING),
]
PublicKeyLine = Annotated[
    PublicKey,
    Parse(parse_public_key),
    text_schema("an OpenSSH public key", "ssh-ed25519 AAAA… li-na", patterns.PUBLIC_KEY),
]
Several = Annotated[
    tuple[Item, ...],
    Rewrite(one_or_several),
    Check(distinct),
    SchemaWords(uniqueItems=True),
    OneOrSeveral(),
]
NotEmpty = Annotated[tuple[Item, ...], Check(not_empty), SchemaWords(minItems=1)]
Distinct = Annotated[tuple[Item, ...], Check(distinct), SchemaWords(uniqueItems=True)]


class Text(Part):
    """A text in one or both languages."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1}, defer_build=False)  # once, for all that have it

    zh: Line | None = Field(default=None, description="the text in Chinese", examples=["示例单位"])
    en: Line | None = Field(default=None, description="the text in English", examples=["Example Office"])

    @model_validator(mode="after")
    def _some_language(self) -> "Text":
        if self.zh is None and self.en is None:
            raise InvalidValueError(
                Code.FIELD_MISSING, "expected a text in at least one language", hint="zh: … or en: …"
            )
        return self


class OneKey(Part):
    """A mapping with exactly one key, which selects its type, such as `http: {…}`."""

    model_config = ConfigDict(json_schema_extra={"minProperties": 1, "maxProperties": 1})
    what: ClassVar[str]

    @model_validator(mode="after")
    def _exactly_one(self) -> "OneKey":
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if not given and len(self.model_fields_set) == 1:
            below = tuple(self.model_fields_set)
            raise InvalidValueError(Code.WRONG_TYPE, "expected a mapping, got nothing", below=below)
        if len(given) != 1:
            known = ", ".join(type(self).model_fields)
            got = f"got {' and '.join(given)}" if given else "got none"
            raise InvalidValueError(Code.BAD_FORM, f"expected exactly one {self.what}, {got}", hint=f"one of {known}")
        return self


class Document(Part):
    """What every policy has, besides its kind: a name, the clauses that it keeps, words for people."""

    name: Name = Field(description="the policy's name, unique within its kind", examples=["office-automation-web"])
    clauses: Distinct[ClauseNumber] = Field(
        default=(), description="the contract clauses that this policy implements", examples=[["D5"]]
    )
    text: Text | None = Field(default=None, description="the name shown to people", examples=[{"en": "Web"}])
