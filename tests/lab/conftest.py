"""A running lab for the tests that need real hosts.

`lab` is the reference lab, brought up once a session; `healthy_lab` is the same with every fault of the test before
healed. If the lab cannot run on this machine, these tests are skipped, with `CI=true` they fail.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from disks import Disks, FreshHost
from labkit import HostSpec, Lab, reference_hosts
from labkit.capability import missing_capabilities
from labkit.state import locked

HERE = Path(__file__).parent
NAME = os.environ.get("OPSPACT_TEST_LAB", "test") + os.environ.get("PYTEST_XDIST_WORKER", "")
"""The lab's name: each of xdist's workers has a lab of its own."""
LONGEST = (
    *("two_releases", "bad_days", "emergencies", "resources", "apply", "lab_leaning", "runs", "uutils", "timers"),
    "restarts",
    *("sessions", "drill", "leavers", "notes", "bastion", "two_contracts", "code_tables", "data_care", "own_login"),
    *("restore", "rebuild", "emergency_access", "attacks", "prune", "onhost", "devices", "accounts", "log_review"),
    *("mariadb", "other_access", "redaction", "collect", "backup_faults", "adopt", "waves"),
    *("change_guard", "pipelines"),
)
"""Files that take minutes: begun first, so that no worker waits for another in the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Have the longest files first (`--no-loadscope-reorder`: xdist would begin those with the most tests)."""
    ranks = {f"test_{name}": rank for rank, name in enumerate(LONGEST)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(ranks)) if item.path.parent == HERE else -1)


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


@pytest.fixture(scope="session")
def disks() -> Disks:
    return Disks()


@pytest.fixture(scope="module", autouse=True)
def _leaves_no_used_host(disks: Disks) -> Iterator[None]:
    yield
    disks.renew(Lab(NAME))


@pytest.fixture(autouse=True)
def _begins_without_used_hosts(disks: Disks, _leaves_no_used_host: None) -> None:
    disks.renew(Lab(NAME))


@pytest.fixture
def fresh_host(healthy_lab: Lab, disks: Disks) -> FreshHost:
    """Return a function that creates hosts again, and once more before the next test.

    What was created just before this test is not created twice: call it before anything is done on those hosts.
    """

    def make(*hosts: str) -> str:
        if wanted := [host for host in hosts if host not in disks.fresh]:
            healthy_lab.reset(*wanted)
        disks.fresh = [host for host in disks.fresh if host not in hosts]
        disks.used = [*dict.fromkeys([*disks.used, *hosts])]
        return hosts[0]

    return make


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
def two_databases() -> Iterator[Lab]:
    """Two hosts with a database: `app1` of Debian 12 and `db1` of Debian 13."""
    with _second_lab("databases") as second:
        yield second.up([HostSpec("app1", ("db",), 11, "bookworm"), HostSpec("db1", ("db",), 13, "trixie")])


@pytest.fixture(scope="module")
def many_hosts() -> Iterator[Lab]:
    """24 hosts, `app1` to `app24`, by turns of Debian 12 and 13."""
    with _second_lab("many") as second:
        releases = ("bookworm", "trixie")
        yield second.up([HostSpec(f"app{it}", ("web",), it + 1, releases[it % 2]) for it in range(1, 25)])


@pytest.fixture(scope="module")
def newer_database() -> Iterator[Lab]:
    """A database server of Debian 13, `db1`, and a backup server of Debian 12."""
    with _second_lab("newer") as second:
        yield second.up([HostSpec("db1", ("db",), 13, "trixie"), HostSpec("backup1", ("backup",), 21, "bookworm")])


@pytest.fixture(scope="module")
def uutils() -> Iterator[Lab]:
    """Two hosts of Debian 13: `app1` as Ubuntu 26.04 is, with uutils and sudo-rs, and `backup1` as it was."""
    with _second_lab("uutils") as second:
        second.up([HostSpec("app1", ("web",), 11, "trixie"), HostSpec("backup1", ("backup",), 21, "trixie")])
        second.replace_programs("app1")
        yield second
