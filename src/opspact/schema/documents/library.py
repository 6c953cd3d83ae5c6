"""The kind `library`: an installer in the software library, compared with its SHA-256 on a schedule.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

from typing import Annotated, Literal

from pydantic import Field

from opspact.schema.annotations import Check
from opspact.schema.direction import FEWER, RARER
from opspact.schema.fields import (
    Day,
    Document,
    Elapsed,
    HostName,
    HostPath,
    Line,
    Name,
    Part,
    Several,
    Text,
    When,
    text_schema,
)
from opspact.schema.values import validators

_SHA256 = r"[0-9a-f]{64}"
_SHA256_WORDS = "a SHA-256 (64 hexadecimal digits in lowercase)"
_EXAMPLE = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
Sha256 = Annotated[
    str,
    Check(validators.matching(_SHA256, _SHA256_WORDS)),
    text_schema(_SHA256_WORDS, _EXAMPLE, f"^{_SHA256}$"),
]


class Licence(Part):
    """The licence of the software."""

    text: Text = Field(description="the licence in words", examples=[{"zh": "50个授权", "en": "50 seats"}])
    until: Day | None = Field(default=None, description="the last day on which it is valid", examples=["2027-06-30"])


class InstallerUse(Part):
    """What the installer is needed for."""

    emergency: Several[Name] = Field(
        json_schema_extra=FEWER,
        description="one emergency, or a list",
        examples=["application-will-not-start"],
        min_length=1,
    )


class Library(Document):
    """An installer in the software library; its host compares it with its SHA-256 on a schedule."""

    kind: Literal["library"] = Field(description="the kind of this policy")
    version: Line = Field(description="the version of the software", examples=["5.2"])
    sha256: Sha256 = Field(description="the SHA-256 of the file", examples=[_EXAMPLE])
    licence: Licence | None = Field(
        default=None, description="the licence", examples=[{"text": {"en": "50 seats"}, "until": "2027-06-30"}]
    )
    host: HostName = Field(description="the host in the inventory on which the file is kept", examples=["backup1"])
    path: HostPath = Field(
        description="the file: a regular file, no link", examples=["/srv/library/office-client-5.2.msi"]
    )
    for_: InstallerUse = Field(
        alias="for",
        description="the emergencies in which it is needed",
        examples=[{"emergency": "application-will-not-start"}],
    )
    owner: Name = Field(description="the team or person responsible for it", examples=["implementation"])
    checked: When = Field(
        json_schema_extra=RARER, description="when the host checks the file", examples=["weekly on saturday at 04:00"]
    )
    takes: Elapsed | None = Field(default=None, description="the duration of one check", examples=["5m"])
