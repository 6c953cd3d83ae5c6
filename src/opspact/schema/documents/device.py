"""The kind `device`: hardware that has no agent, who answers for it, and what it does when it runs normally.

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
from opspact.schema.value_error import InvalidValueError, quote
from opspact.schema.values.durations import parse_duration


class PingCheck(Part):
    """An answer to a ping."""

    within: Elapsed = Field(
        json_schema_extra=MORE, default=parse_duration("1s"), description="how fast", examples=["1s"]
    )


class DevicePort(Part):
    """A port of the device that accepts connections."""

    port: int = Field(ge=1, le=65535, description="the port", examples=[443])
    within: Elapsed = Field(
        json_schema_extra=MORE, default=parse_duration("2s"), description="how fast", examples=["2s"]
    )


class DeviceSign(OneKey):
    """One sign that a device runs normally, as its neighbour sees it."""

    what: ClassVar[str] = "sign of running normally"
    ping: PingCheck | None = Field(default=None, description="an answer to a ping", examples=[{"within": "1s"}])
    tcp: DevicePort | None = Field(default=None, description="an open port", examples=[{"port": 443}])
    http: HttpCheck | None = Field(default=None, description="an HTTP answer", examples=[{"url": "http://192.0.2.10/"}])


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
    """A switch, a printer, a store of disks: looked at from a host, with every inspection of that host."""

    model_config = ConfigDict(json_schema_extra=required_with("normal", "address", "probed_from"))
    kind: Literal["device"] = Field(description="what this document is")
    site: Name | None = Field(default=None, description="where it stands", examples=["hq"])
    model: Line | None = Field(default=None, description="what it is", examples=["a switch with 48 ports"])
    serial: Line | None = Field(default=None, description="its serial number", examples=["SN-0001"])
    owner: Name | None = Field(default=None, description="the team or person that answers for it", examples=["li-na"])
    address: Annotated[HostName, Check(_no_broken_address)] | None = Field(
        default=None, description="where it is reached", examples=["192.0.2.10"]
    )
    probed_from: HostName | None = Field(
        default=None, description="the host of the inventory that looks at it", examples=["app1"]
    )
    normal: tuple[DeviceSign, ...] = Field(
        json_schema_extra=FEWER,
        default=(),
        description="what running normally means",
        examples=[[{"ping": {"within": "1s"}}]],
    )

    @model_validator(mode="after")
    def _reachable(self) -> "Device":
        for field, needed in (("probed_from", self.probed_from), ("address", self.address)):
            if self.normal and needed is None:
                message = "is missing: signs are looked at from a host, at an address"
                raise InvalidValueError(Code.FIELD_MISSING, message, below=(field,))
        return self
