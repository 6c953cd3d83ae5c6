"""The kind `device`: hardware without an agent: who is responsible for it and how it is checked.

Comes in: one mapping. Goes out: a frozen document. Registered in `kinds`.
"""

import re
from ipaddress import ip_address
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from opspact.schema.annotations import Check
from opspact.schema.checks import HttpCheck
from opspact.schema.codes import Code
from opspact.schema.direction import FEWER, MORE
from opspact.schema.editors import required_with
from opspact.schema.fields import Document, Elapsed, HostName, Line, Name, OneKey, Part
from opspact.schema.snmp import SnmpAccess, SnmpValue
from opspact.schema.value_error import InvalidValueError, quote
from opspact.schema.values.durations import parse_duration


class PingCheck(Part):
    """A ping reply."""

    within: Elapsed = Field(
        json_schema_extra=MORE, default=parse_duration("1s"), description="time limit for the answer", examples=["1s"]
    )


class DevicePort(Part):
    """A port of the device that accepts connections."""

    port: int = Field(ge=1, le=65535, description="the port number", examples=[443])
    within: Elapsed = Field(
        json_schema_extra=MORE, default=parse_duration("2s"), description="time limit for the answer", examples=["2s"]
    )


class DeviceSign(OneKey):
    """One check of normal operation, made from another host."""

    what: ClassVar[str] = "check of normal operation"
    ping: PingCheck | None = Field(default=None, description="a ping reply", examples=[{"within": "1s"}])
    tcp: DevicePort | None = Field(
        default=None, description="a port that accepts connections", examples=[{"port": 443}]
    )
    http: HttpCheck | None = Field(
        default=None, description="an HTTP response", examples=[{"url": "http://192.0.2.10/"}]
    )
    snmp: SnmpValue | None = Field(
        default=None,
        description="a value that it gives by SNMP",
        examples=[{"name": "uplink", "oid": "1.3.6.1.2.1.2.2.1.8.1", "type": "integer", "equals": 1}],
    )


def _no_broken_address(text: str) -> str:
    """Given a name or an address, return it. Raise WrongValueError for four numbers that are no address."""
    if re.fullmatch(r"[0-9]+(?:\.[0-9]+){3}", text):
        try:
            ip_address(text)
        except ValueError:
            message = f"expected numbers from 0 to 255 without leading zeros, got {quote(text)}"
            raise InvalidValueError(Code.BAD_FORM, message, hint="for example 192.0.2.10") from None
    return text


class Device(Document):
    """A switch, printer or disk array, checked from a host with every inspection of that host."""

    model_config = ConfigDict(json_schema_extra=required_with("normal", "address", "probed_from"))
    kind: Literal["device"] = Field(description="the kind of this policy")
    site: Name | None = Field(default=None, description="the site where it is", examples=["hq"])
    model: Line | None = Field(default=None, description="make and model", examples=["a switch with 48 ports"])
    serial: Line | None = Field(default=None, description="its serial number", examples=["SN-0001"])
    owner: Name | None = Field(default=None, description="the team or person responsible for it", examples=["li-na"])
    address: Annotated[HostName, Check(_no_broken_address)] | None = Field(
        default=None, description="the address at which it is reached", examples=["192.0.2.10"]
    )
    probed_from: HostName | None = Field(
        default=None, description="the host in the inventory that checks it", examples=["app1"]
    )
    snmp: SnmpAccess | None = Field(
        default=None,
        description="how it lets itself be asked by SNMP",
        examples=[{"user": "monitor", "auth": "secret:vault:snmp-auth", "privacy": "secret:vault:snmp-privacy"}],
    )
    normal: tuple[DeviceSign, ...] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="the checks that define normal operation",
        examples=[[{"ping": {"within": "1s"}}]],
    )

    @model_validator(mode="after")
    def _reachable(self) -> "Device":
        for field, needed in (("probed_from", self.probed_from), ("address", self.address)):
            if self.normal and needed is None:
                message = "required field is missing: checks need a host to run from and an address"
                raise InvalidValueError(Code.FIELD_MISSING, message, below=(field,))
        return self

    @model_validator(mode="after")
    def _can_be_asked(self) -> "Device":
        names: set[str] = set()
        for index, sign in enumerate(self.normal):
            if sign.snmp is None:
                continue
            if self.snmp is None:
                message = "required field is missing: values need a way to ask for them"
                hint = "snmp: {user: NAME, auth: secret:vault:NAME, privacy: secret:vault:NAME}"
                raise InvalidValueError(Code.FIELD_MISSING, message, hint=hint, below=("snmp",))
            if sign.snmp.name in names:
                message = f"{sign.snmp.name} is the name of another value"
                raise InvalidValueError(Code.BAD_FORM, message, below=("normal", index, "snmp", "name"))
            names.add(sign.snmp.name)
        return self
