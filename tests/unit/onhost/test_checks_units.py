"""What an inspection says of systemd's units, from recorded outputs."""

import time

import pytest
from inspecting import look, one
from programs import Machine


def shows(failed: str, services: str = "") -> str:
    return f"if [ \"$1\" = show ]; then printf '{services}\\n'; else printf '{failed}'; fi"


def facts_of(state: str, restarts: int, ago: int) -> str:
    since = int((time.clock_gettime(time.CLOCK_MONOTONIC) - ago) * 1e6)
    shown = f"SubState={state}", f"NRestarts={restarts}", f"ExecMainStartTimestampMonotonic={since}", "Id=oa.service"
    return "\\n".join(shown)


LOOPS = pytest.mark.parametrize(
    ("state", "restarts", "ago", "loops"),
    [
        ("running", 0, 5, False),
        ("running", 2, 5, False),
        ("running", 3, 5, True),
        ("running", 400, 600, True),
        ("running", 400, 86400, False),
        ("auto-restart", 1, 1, True),
        ("auto-restart-queued", 7, 1, True),
        ("dead", 0, 0, False),
    ],
)


@LOOPS
def test_a_service_that_restarts_in_a_loop_counts_as_failed(
    machine: Machine, state: str, restarts: int, *, ago: int, loops: bool
) -> None:
    sound = "Id=x.service\\nSubState=running\\nNRestarts=0\\n\\n"
    machine.command("systemctl", shows("", sound + facts_of(state, restarts, ago)))
    seen = one(machine, item="units", failed=0)
    assert (seen["verdict"], seen["value"]) == (("critical", 1) if loops else ("ok", 0))
    assert ("oa.service" in seen["message"], "x.service" in seen["message"]) == (loops, False)


@LOOPS
def test_a_unit_that_is_active_between_two_crashes_is_critical(
    machine: Machine, state: str, restarts: int, *, ago: int, loops: bool
) -> None:
    shown = f"LoadState=loaded\\nActiveState=active\\n{facts_of(state, restarts, ago)}"
    machine.command("systemctl", shows("", shown))
    assert one(machine, item="unit", name="oa.service")["verdict"] == ("critical" if loops else "ok")


def test_failed_units_are_counted_and_named(machine: Machine) -> None:
    machine.command("systemctl", shows("nginx.service loaded failed failed A web server\\nx.timer loaded failed x\\n"))
    seen = one(machine, item="units", failed=0)
    assert (seen["verdict"], seen["value"]) == ("critical", 2)
    assert seen["message"] == "Failed units: nginx.service, x.timer."
    assert one(machine, item="units", failed=2)["verdict"] == "ok"


@pytest.mark.parametrize(
    ("shown", "state", "message"),
    [
        ("LoadState=loaded\nActiveState=active\nSubState=running", "ok", "nginx.service is active (running)."),
        ("LoadState=loaded\nActiveState=failed\nSubState=failed", "critical", "nginx.service is failed (failed)."),
        ("LoadState=not-found\nActiveState=inactive\nSubState=dead", "critical", "nginx.service is not on this host."),
    ],
)
def test_a_unit_that_is_not_active_is_critical(machine: Machine, shown: str, state: str, *, message: str) -> None:
    machine.command("systemctl", f"echo '{shown}'")
    seen = one(machine, item="unit", name="nginx.service")
    assert (seen["verdict"], seen["message"]) == (state, message)


def test_systemd_that_does_not_answer_is_unknown(machine: Machine) -> None:
    machine.command("systemctl", "echo 'Failed to connect to bus' >&2; exit 1")
    assert [seen["verdict"] for seen in look(machine, {"item": "units"}, {"item": "unit", "name": "a.service"})] == [
        "unknown",
        "unknown",
    ]


@pytest.mark.parametrize(
    ("services", "shown"), [(["oa", "db"], "Services of this host: oa, db."), ([], "This host has no service.")]
)
def test_the_services_that_are_looked_at_are_named(machine: Machine, services: list[str], shown: str) -> None:
    seen = one(machine, item="services", services=services)
    assert (seen["verdict"], seen["value"], seen["message"]) == ("ok", len(services), shown)


def test_what_a_service_needs_is_about_the_service(machine: Machine) -> None:
    machine.command("systemctl", "printf 'LoadState=loaded\\nActiveState=failed\\nSubState=failed\\nNRestarts=0\\n'")
    seen = one(machine, item="unit", subject="service/oa", name="oa.service")
    assert (seen["verdict"], seen["subject"]) == ("critical", "service/oa")
    assert seen["message"].startswith("oa.service is failed")
