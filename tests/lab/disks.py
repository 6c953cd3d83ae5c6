"""Hosts that a test has for itself: created again before it, and once more before anybody else uses them."""

from typing import Protocol

from labkit import Lab


class FreshHost(Protocol):
    """Creates hosts again; returns the first one's name."""

    def __call__(self, *hosts: str) -> str: ...


class Disks:
    """Which hosts tests of this session got for themselves."""

    def __init__(self) -> None:
        self.used: list[str] = []
        self.fresh: list[str] = []

    def renew(self, lab: Lab) -> None:
        """Create those again that a test used."""
        self.fresh, self.used = self.used, []
        if self.fresh:
            lab.up()
            lab.reset(*self.fresh)
