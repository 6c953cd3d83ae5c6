"""A running lab for the tests that need real hosts.

`lab` is the reference lab, brought up once a session; `healthy_lab` is the same with every fault of the test before
healed. If the lab cannot run on this machine, these tests are skipped, with `CI=true` they fail.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from labkit import HostSpec, Lab, reference_hosts
from labkit.capability import missing_capabilities
from labkit.state import locked

NAME = os.environ.get("OPSPACT_TEST_LAB", "test") + os.environ.get("PYTEST_XDIST_WORKER", "")
"""The lab's name: each of xdist's workers has a lab of its own."""


def _demand_a_machine_that_carries_a_lab() -> None:
    if lacking := missing_capabilities():
        words = f"the lab cannot run on this machine: {'; '.join(lacking)}"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    _demand_a_machine_that_carries_a_lab()
    with locked(f"{NAME}-session"):  # a second session on this machine waits for the first
        running = Lab(NAME)
        running.down()  # what a killed session left
        try:
            yield running.up(reference_hosts())
        finally:
            running.down()


@pytest.fixture
def healthy_lab(lab: Lab) -> Lab:
    return lab.up()


@pytest.fixture
def fresh_host(healthy_lab: Lab) -> Iterator[Callable[[str], str]]:
    """Return a function that makes the named host anew; those it made are made anew once more after the test."""
    made: list[str] = []

    def make(host: str) -> str:
        healthy_lab.reset(host)
        made.append(host)
        return host

    yield make
    healthy_lab.up()
    for host in dict.fromkeys(made):
        healthy_lab.reset(host)


@contextmanager
def _second_lab(suffix: str) -> Iterator[Lab]:
    """Yield the handle of a lab beside the session's; it is down before and after."""
    _demand_a_machine_that_carries_a_lab()
    with locked(f"{NAME}-{suffix}-session"):
        second = Lab(f"{NAME}-{suffix}")
        second.down()
        try:
            yield second
        finally:
            second.down()


@pytest.fixture
def other_lab() -> Iterator[Lab]:
    with _second_lab("other") as other:
        yield other


@pytest.fixture(scope="module")
def two_releases() -> Iterator[Lab]:
    """The reference lab with hosts of Debian 12 and 13: a web server, a database and, on 13, the backup server."""
    with _second_lab("releases") as second:
        yield second.up(
            [
                HostSpec("app1", ("web", "site_a", "canary"), 11, "trixie"),
                HostSpec("app2", ("web", "db", "site_a"), 12, "bookworm"),
                HostSpec("db1", ("db", "site_a"), 13, "trixie"),
                HostSpec("backup1", ("backup", "site_b"), 21, "trixie"),
            ]
        )


@pytest.fixture(scope="module")
def uutils() -> Iterator[Lab]:
    """Two hosts of Debian 13: `app1` as Ubuntu 26.04 is, with uutils and sudo-rs, and `backup1` as it was."""
    with _second_lab("uutils") as second:
        second.up([HostSpec("app1", ("web",), 11, "trixie"), HostSpec("backup1", ("backup",), 21, "trixie")])
        second.replace_programs("app1")
        yield second
