"""Checks of a service from outside, shared by `service` and `inspection`.

Comes in: one-key mappings such as `http: {…}`. Goes out: frozen parts.
"""

from typing import ClassVar

from pydantic import Field

from opspact.schema.direction import LESS, MORE
from opspact.schema.fields import Elapsed, HostName, Line, OneKey, Part, Url
from opspact.schema.values.durations import parse_duration


class HttpCheck(Part):
    """An HTTP response, requested on the host itself."""

    url: Url = Field(description="the URL to request", examples=["http://localhost/"])
    status: int = Field(default=200, ge=100, le=599, description="the expected status code", examples=[200])
    contains: Line | None = Field(
        json_schema_extra=LESS, default=None, description="text that the response contains", examples=["OA"]
    )
    within: Elapsed = Field(
        json_schema_extra=MORE, default=parse_duration("2s"), description="how fast", examples=["2s"]
    )


class TcpCheck(Part):
    """A port that accepts connections."""

    port: int = Field(ge=1, le=65535, description="the port", examples=[80])
    address: HostName = Field(default="127.0.0.1", description="the address to connect to", examples=["127.0.0.1"])
    within: Elapsed = Field(
        json_schema_extra=MORE, default=parse_duration("2s"), description="how fast", examples=["2s"]
    )


class NormalItem(OneKey):
    """One check of normal operation."""

    what: ClassVar[str] = "sign of running normally"
    http: HttpCheck | None = Field(default=None, description="an HTTP answer", examples=[{"url": "http://localhost/"}])
    tcp: TcpCheck | None = Field(default=None, description="an open port", examples=[{"port": 80}])

    @property
    def check(self) -> HttpCheck | TcpCheck:
        """Return the one check that is written."""
        for found in (self.http, self.tcp):
            if found is not None:
                return found
        raise AssertionError("the validator lets exactly one through")
