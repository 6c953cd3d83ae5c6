"""The checks of an inspection, one class each, with their thresholds.

Comes in: one mapping each. Goes out: frozen parts, registered in `documents.inspection`.
"""

from typing import Annotated

from pydantic import Field, model_validator

from opspact.schema.annotations import Check
from opspact.schema.checks import HttpCheck
from opspact.schema.codes import Code
from opspact.schema.direction import LESS, MORE, NARROWER, OFF
from opspact.schema.fields import (
    Account,
    Distinct,
    Elapsed,
    HostPath,
    MountPath,
    Name,
    OnlyHosts,
    Part,
    Share,
    UnitName,
    text_schema,
)
from opspact.schema.limits import RECOVERS, AboveLimits, After, PercentLimits, check_order, number_of
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values import validators
from opspact.schema.values.durations import parse_duration

_PROGRAM = r"[A-Za-z0-9_][A-Za-z0-9_.:+-]{0,63}"
ProgramName = Annotated[
    str,
    Check(validators.matching(_PROGRAM, "the name of a program")),
    text_schema("the name of a program", "nginx", f"^{_PROGRAM}$"),
]


class DiskItem(Part):
    """How full a file system is, in bytes and in inodes, and whether it can be written to."""

    mount: MountPath = Field(description="the mount point", examples=["/"])
    warn: Share = Field(json_schema_extra=MORE, description="warning threshold: used space", examples=["80%"])
    critical: Share = Field(json_schema_extra=MORE, description="critical threshold: used space", examples=["90%"])
    recovers: Share | None = Field(json_schema_extra=MORE, default=None, description=RECOVERS, examples=["75%"])
    after: After = 1
    full_within: Elapsed | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="warn if, at the current rate of growth, it is full within this time",
        examples=["72h"],
    )
    writable: bool = Field(
        json_schema_extra=OFF,
        default=True,
        description="whether it is critical if the file system is mounted read-only",
        examples=[True],
    )

    @model_validator(mode="after")
    def _in_order(self) -> "DiskItem":
        check_order(self.warn, self.critical, self.recovers)
        return self


class DiskHealthItem(Part):
    """What the disks say of their own health, as far as they report it."""

    min: int | None = Field(
        json_schema_extra=LESS,
        default=None,
        ge=0,
        le=1000,
        description="how many disks must report their health; fewer are critical",
        examples=[2],
    )
    defects: AboveLimits | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="thresholds for the sectors of a disk that are defective or have been replaced",
        examples=[{"warn": 1, "critical": 100}],
    )
    wear: PercentLimits | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="thresholds for how far an NVMe disk is worn",
        examples=[{"warn": "80%"}],
    )


class MemoryItem(Part):
    """How much memory is in use."""

    warn: Share = Field(json_schema_extra=MORE, description="warning threshold: used memory", examples=["85%"])
    critical: Share = Field(json_schema_extra=MORE, description="critical threshold: used memory", examples=["95%"])
    recovers: Share | None = Field(json_schema_extra=MORE, default=None, description=RECOVERS, examples=["80%"])
    after: After = 1

    @model_validator(mode="after")
    def _in_order(self) -> "MemoryItem":
        check_order(self.warn, self.critical, self.recovers)
        return self


class SwapItem(PercentLimits):
    """How much swap space is in use; a host without any uses none."""


class LoadItem(Part):
    """The load of the last five minutes, per core."""

    warn: float = Field(
        json_schema_extra=MORE, gt=0, le=1000, description="warning threshold: load per core", examples=[1.5]
    )
    critical: float = Field(
        json_schema_extra=MORE, gt=0, le=1000, description="critical threshold: load per core", examples=[4]
    )
    recovers: float | None = Field(
        json_schema_extra=MORE, default=None, gt=0, le=1000, description=RECOVERS, examples=[1]
    )
    after: After = 1

    @model_validator(mode="after")
    def _in_order(self) -> "LoadItem":
        check_order(self.warn, self.critical, self.recovers)
        return self


class ProcessItem(Part):
    """How many processes of a program run."""

    name: ProgramName = Field(description="the program's name, as `ps` shows it", examples=["nginx"])
    user: Account | None = Field(
        json_schema_extra=LESS, default=None, description="only processes of this user", examples=["www-data"]
    )
    min: int = Field(
        json_schema_extra=LESS, default=1, ge=0, le=100_000, description="fewer are critical", examples=[2]
    )
    max: int | None = Field(
        json_schema_extra=MORE, default=None, ge=0, le=100_000, description="more are a warning", examples=[64]
    )
    on: OnlyHosts = None

    @model_validator(mode="after")
    def _in_order(self) -> "ProcessItem":
        if self.max is not None and self.max < self.min:
            message = f"max ({self.max}) must not be below min ({self.min})"
            raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("max",))
        return self


class UnitsItem(Part):
    """How many systemd units have failed."""

    failed: int = Field(
        json_schema_extra=MORE, default=0, ge=0, le=100_000, description="maximum number of failed units", examples=[0]
    )


class UnitItem(Part):
    """A systemd unit that is active, and is not restarted again and again."""

    name: UnitName = Field(description="the unit", examples=["nginx.service"])
    on: OnlyHosts = None


class ServicesItem(Part):
    """The services that a host has by this contract: their units, and their checks under `normal`."""

    only: Distinct[Name] = Field(
        json_schema_extra=NARROWER, default=(), description="only these services", examples=[["office-automation-web"]]
    )
    on: OnlyHosts = None


class TimeItem(Part):
    """The offset of the clock, and whether its time servers still answer."""

    offset: Elapsed = Field(json_schema_extra=MORE, description="maximum offset", examples=["500ms"])
    updated_within: Elapsed = Field(
        json_schema_extra=MORE,
        default=parse_duration("3h"),
        description="maximum age of the last measurement against a time server",
        examples=["3h"],
    )


class RebootItem(Part):
    """A newer kernel that waits for a reboot, and services that still use replaced libraries."""

    warn_after: Elapsed | None = Field(
        json_schema_extra=MORE,
        default=parse_duration("1h"),
        description="warn when a restart has been pending for this time",
        examples=["1h"],
    )
    critical_after: Elapsed | None = Field(
        json_schema_extra=MORE,
        default=None,
        description="critical when a restart has been pending for this time",
        examples=["14 days"],
    )


class UpdateLimits(Part):
    """Thresholds for packages that can be updated."""

    warn: int | None = Field(
        json_schema_extra=MORE, default=None, ge=1, le=100_000, description="warning threshold: packages", examples=[1]
    )
    critical: int | None = Field(
        json_schema_extra=MORE,
        default=None,
        ge=1,
        le=100_000,
        description="critical threshold: packages",
        examples=[50],
    )
    critical_after: Elapsed | None = Field(
        json_schema_extra=MORE,
        default=None,
        description="critical when there have been updates for this time",
        examples=["14 days"],
    )


class UpdatesItem(Part):
    """Packages for which the host knows a newer version; old package lists are unknown."""

    security: UpdateLimits = Field(
        json_schema_extra=LESS,
        default=UpdateLimits(warn=1),
        description="thresholds for security updates",
        examples=[{"warn": 1, "critical_after": "14 days"}],
    )
    other: UpdateLimits | None = Field(
        json_schema_extra=LESS, default=None, description="thresholds for all other updates", examples=[{"warn": 50}]
    )
    lists_within: Elapsed = Field(
        json_schema_extra=MORE,
        default=parse_duration("3 days"),
        description="maximum age of the package lists",
        examples=["3 days"],
    )


class CertificateItem(Part):
    """For how long the certificate of an HTTPS server is still valid; one that is not accepted is critical."""

    warn: Elapsed = Field(json_schema_extra=LESS, description="warn if less time is left", examples=["30 days"])
    critical: Elapsed | None = Field(
        json_schema_extra=LESS, default=None, description="critical if less time is left", examples=["7 days"]
    )
    ca: HostPath | None = Field(
        default=None,
        description="a file on the host with the authorities that may have signed it, instead of the system's",
        examples=["/etc/ssl/certs/oa-ca.pem"],
    )

    @model_validator(mode="after")
    def _in_order(self) -> "CertificateItem":
        if self.critical is not None and number_of(self.critical) >= number_of(self.warn):
            message = f"critical ({self.critical}) must be below warn ({self.warn})"
            raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("critical",))
        return self


class HttpItem(HttpCheck):
    """An HTTP response, requested on the host itself, and the certificate of the server."""

    certificate: CertificateItem | None = Field(
        json_schema_extra=LESS,
        default=None,
        description="thresholds for the time that the certificate is still valid",
        examples=[{"warn": "30 days"}],
    )

    @model_validator(mode="after")
    def _has_certificate(self) -> "HttpItem":
        if self.certificate is not None and not self.url.startswith("https:"):
            message = f"only an https URL has a certificate, got {self.url}"
            raise InvalidValueError(Code.OUT_OF_BOUNDS, message, below=("certificate",))
        return self
