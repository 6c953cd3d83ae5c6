"""What a device is asked by SNMP: how it lets itself be asked, and the values that are normal.

Comes in: one mapping each. Goes out: frozen parts, used by the kind `device`.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.annotations import Check
from opspact.schema.codes import Code
from opspact.schema.direction import LESS, MORE
from opspact.schema.editors import one_of
from opspact.schema.fields import Elapsed, Line, Name, Part, Secret, text_schema
from opspact.schema.limits import AboveLimits, BelowLimits
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values import validators
from opspact.schema.values.durations import parse_duration

_OID = r"[0-2](?:\.[0-9]{1,10}){1,127}"
_OID_WORDS = "an OID in numbers"
_USER = r"[A-Za-z0-9_.@-]{1,32}"
_USER_WORDS = "the name of an SNMP user"
ObjectId = Annotated[
    str,
    Check(validators.matching(_OID, _OID_WORDS)),
    text_schema(_OID_WORDS, "1.3.6.1.2.1.33.1.2.4.0", f"^{_OID}$"),
]
SnmpUser = Annotated[
    str, Check(validators.matching(_USER, _USER_WORDS)), text_schema(_USER_WORDS, "monitor", f"^{_USER}$")
]
EXPECTED = {
    "integer": ("above", "below", "equals"),
    "gauge": ("above", "below", "equals"),
    "counter": ("above", "below"),
    "text": ("contains", "equals"),
}
"""What can be expected of a value, by its type."""


class SnmpAccess(Part):
    """How a device lets itself be asked: version 2c with a community, or version 3 with a user."""

    model_config = ConfigDict(json_schema_extra=one_of("community", "user"))
    community: Secret | None = Field(
        default=None, description="version 2c: reference to the community", examples=["secret:vault:snmp-community"]
    )
    user: SnmpUser | None = Field(default=None, description="version 3: the user", examples=["monitor"])
    auth: Secret | None = Field(
        default=None, description="reference to the user's passphrase", examples=["secret:vault:snmp-auth"]
    )
    auth_protocol: Literal["MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512"] = Field(
        default="SHA", description="how the user is authenticated", examples=["SHA-256"]
    )
    privacy: Secret | None = Field(
        default=None,
        description="reference to the passphrase that encrypts; without it, answers can be read on their way",
        examples=["secret:vault:snmp-privacy"],
    )
    privacy_protocol: Literal["DES", "AES", "AES-192", "AES-256"] = Field(
        default="AES", description="how answers are encrypted", examples=["AES-256"]
    )
    port: int = Field(default=161, ge=1, le=65535, description="the UDP port", examples=[161])
    within: Elapsed = Field(
        json_schema_extra=MORE, default=parse_duration("2s"), description="time limit for the answer", examples=["2s"]
    )

    @model_validator(mode="after")
    def _one_version(self) -> "SnmpAccess":
        if (self.community is None) == (self.user is None):
            got = "got both" if self.user else "got neither"
            message = f"expected either community (version 2c) or user (version 3), {got}"
            raise InvalidValueError(Code.BAD_FORM, message)
        if self.user is not None and self.auth is None:
            message = "required field is missing: a user needs a passphrase"
            raise InvalidValueError(Code.FIELD_MISSING, message, hint="auth: secret:vault:NAME", below=("auth",))
        of_user = {"auth", "auth_protocol", "privacy", "privacy_protocol"}
        for name in sorted(of_user & self.model_fields_set if self.user is None else ()):
            raise InvalidValueError(Code.BAD_FORM, f"{name} belongs to user, not to community", below=(name,))
        return self


class SnmpValue(Part):
    """A value that the device gives by SNMP; one that is missing or of another type is unknown."""

    model_config = ConfigDict(json_schema_extra=one_of("above", "below", "equals", "contains"))
    name: Name = Field(description="what it is, unique for the device", examples=["battery-charge"])
    oid: ObjectId = Field(description="where the device has it", examples=["1.3.6.1.2.1.33.1.2.4.0"])
    type: Literal["integer", "gauge", "counter", "text"] = Field(
        description="its type; a counter is judged by how much it grows per second", examples=["integer"]
    )
    unit: Line | None = Field(default=None, description="its unit, as messages show it", examples=["%"])
    above: AboveLimits | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="thresholds from which it is too high",
        examples=[{"warn": 60}],
    )
    below: BelowLimits | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="thresholds below which it is too low",
        examples=[{"warn": 80, "critical": 50}],
    )
    equals: int | str | None = Field(default=None, description="the only value that is normal", examples=[1])
    contains: Line | None = Field(
        json_schema_extra=LESS, default=None, description="text that is in the value", examples=["S5700"]
    )

    @model_validator(mode="after")
    def _one_expectation(self) -> "SnmpValue":
        possible = EXPECTED[self.type]
        given = [name for name in ("above", "below", "equals", "contains") if getattr(self, name) is not None]
        if len(given) != 1 or given[0] not in possible:
            got = " and ".join(given) or "none"
            message = f"expected one of {', '.join(possible)} for type {self.type}, got {got}"
            raise InvalidValueError(Code.BAD_FORM, message, below=tuple(given[:1]))
        if self.equals is not None and isinstance(self.equals, str) != (self.type == "text"):
            wanted = "text" if self.type == "text" else "a whole number"
            raise InvalidValueError(Code.WRONG_TYPE, f"expected {wanted} for type {self.type}", below=("equals",))
        return self
