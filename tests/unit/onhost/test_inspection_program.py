"""What an inspection says of each thing that it looks at, from recorded outputs and real answers."""

import calendar
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from programs import Machine

from opspact.onhost.history import hours_until_full

SYNCHRONISED = "A9FEA97B,169.254.169.123,4,{reference},{offset},0.1,0.2,-6,0.01,0.07,0.0004,0.0002,16.2,{leap}"
FACTS = '{"connections" : 85, "allowed" : 100, "size" : 8815112, "longest" : 12.5}'


def look(machine: Machine, *items: dict[str, object], only_ours: bool = False) -> list[dict[str, Any]]:
    """Inspect; return what was seen of each item."""
    done = machine.run("inspection", machine.settings(job="inspection/daily", items=items), only_ours=only_ours)
    assert done.returncode == 0, done.stderr
    items_seen: list[dict[str, Any]] = machine.newest("inspection/daily")["items"]
    return items_seen


def one(machine: Machine, *, only_ours: bool = False, **item: object) -> dict[str, Any]:
    (result,) = look(machine, item, only_ours=only_ours)
    return result


@pytest.mark.parametrize(
    ("offset", "leap", "state", "value"),
    [
        ("0.000012", "Normal", "ok", 0.000012),
        ("-0.700000", "Normal", "warning", 0.7),
        ("0.000012", "Not synchronised", "warning", None),
    ],
)
def test_chrony_is_asked_for_the_offset(
    machine: Machine, offset: str, leap: str, *, state: str, value: float | None
) -> None:
    machine.command("chronyc", f"echo '{SYNCHRONISED.format(reference=time.time() - 60, offset=offset, leap=leap)}'")
    seen = one(machine, item="time", offset=0.5, updated_within=10800)
    assert (seen["verdict"], seen["value"], seen["limits"]) == (
        state,
        value,
        {"offset": 0.5, "updated_within": 10800},
    )


@pytest.mark.parametrize(("age", "state"), [(0, "ok"), (10700, "ok"), (10900, "warning"), (5 * 86400, "warning")])
def test_chrony_that_says_normal_and_has_no_server_any_more_is_seen(machine: Machine, age: int, state: str) -> None:
    shown = SYNCHRONISED.format(reference=time.time() - age, offset="0.000012", leap="Normal")
    machine.command("chronyc", f"echo '{shown}'")
    seen = one(machine, item="time", offset=0.5, updated_within=10800)
    assert (seen["verdict"], seen["value"]) == (state, 0.000012)
    assert abs(seen["reference_age"] - age) <= 30


@pytest.mark.parametrize(("age", "state"), [(60, "ok"), (86400, "warning")])
def test_ntpd_that_hears_no_server_any_more_is_seen(machine: Machine, age: int, state: str) -> None:
    reference = f"{int(time.time() - age) + 2_208_988_800:08x}.5c28f5c2"
    machine.command("ntpq", f"echo 'leap_none, sync_ntp, reftime={reference}, offset=-0.251, sys_jitter=0.3'")
    assert one(machine, item="time", offset=0.5, updated_within=10800, only_ours=True)["verdict"] == state


def test_ntpd_is_asked_when_chrony_is_not_there(machine: Machine) -> None:
    recorded = (
        "associd=0 status=0615 leap_none, sync_ntp, 1 event, clock_sync,\\nclock=e9, offset=-612.251, sys_jitter=0.3"
    )
    machine.command("ntpq", f"printf '{recorded}\\n'")
    seen = one(machine, item="time", offset=0.5, updated_within=10800, only_ours=True)
    assert (seen["verdict"], seen["value"]) == ("warning", 0.612251)


@pytest.mark.parametrize(
    ("shown", "offset", "state", "value"),
    [
        ("CanNTP=yes\nNTPSynchronized=yes", "+308us", "ok", 0.000308),
        ("CanNTP=yes\nNTPSynchronized=yes", "-1.5s", "warning", 1.5),
        ("CanNTP=yes\nNTPSynchronized=no", "n/a", "warning", None),
        ("CanNTP=no\nNTPSynchronized=no", "n/a", "unknown", None),
        ("CanNTP=yes\nNTPSynchronized=yes", "n/a", "unknown", None),
    ],
)
def test_timesyncd_is_asked_last(machine: Machine, shown: str, offset: str, *, state: str, value: float | None) -> None:
    status = f"       Server: 192.0.2.1\\n       Offset: {offset}\\n        Delay: 1ms"
    asked = f"if [ \"$1\" = show ]; then echo '{shown}'; else printf '{status}\\n'; fi"
    machine.command("timedatectl", asked)
    seen = one(machine, item="time", offset=0.5, updated_within=10800, only_ours=True)
    assert (seen["verdict"], seen["value"]) == (state, value)


def test_without_any_time_service_the_clock_is_unknown_and_never_ok(machine: Machine) -> None:
    machine.command("nothing", "")
    seen = one(machine, item="time", offset=0.5, updated_within=10800, only_ours=True)
    assert (seen["verdict"], "no time service answers" in seen["message"]) == ("unknown", True)


def test_a_time_service_that_cannot_be_asked_says_why(machine: Machine) -> None:
    machine.command("chronyc", "echo '506 Cannot talk to daemon'; exit 1")
    seen = one(machine, item="time", offset=0.5, updated_within=10800, only_ours=True)
    assert (seen["verdict"], "506 Cannot talk to daemon" in seen["message"]) == ("unknown", True)


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


def test_a_database_is_asked_once_for_connections_transaction_and_size(machine: Machine) -> None:
    machine.command("runuser", f"echo '{FACTS}'; echo \"$@\" >> {machine.folder}/asked")
    item = {"item": "postgresql", "database": "oa", "connections": {"warn": 80, "critical": 95}}
    seen = look(machine, {**item, "longest_transaction": {"critical": 10}})
    assert [(part["item"], part["verdict"], part["value"], part["unit"]) for part in seen] == [
        ("postgresql_connections", "warning", 85.0, "%"),
        ("postgresql_longest_transaction", "critical", 12, "s"),
        ("postgresql_size", "ok", 8815112, "bytes"),
    ]
    (asked, *_) = (machine.folder / "asked").read_text().splitlines()
    assert asked.startswith("-u postgres -- psql -XAtw -d oa -c")


@pytest.mark.parametrize(("status", "state"), [(2, "critical"), (1, "unknown")])
def test_a_database_that_does_not_answer_is_critical_and_a_question_that_fails_unknown(
    machine: Machine, status: int, state: str
) -> None:
    machine.command("runuser", f"echo 'FATAL: database \"oa\" does not exist' >&2; exit {status}")
    seen = one(machine, item="postgresql", database="oa")
    assert (seen["verdict"], 'database "oa" does not exist' in seen["message"]) == (state, True)


TOGETHER = threading.Barrier(3)


class Answers(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/moved":
            self.send_response(301)
            self.send_header("Location", "/")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        if self.path == "/slow":
            time.sleep(1.2)
        if self.path == "/together":
            TOGETHER.wait(20)
        self.wfile.write("Office OA 办公".encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def website() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("wanted", "state", "words"),
    [
        ({"contains": "办公"}, "ok", "answered 200 in"),
        ({"contains": "missing"}, "critical", "with the text 'missing'"),
        ({"status": 204}, "critical", "answered 200, expected 204"),
        ({"path": "/moved", "status": 301}, "ok", "answered 301"),
        ({"path": "/moved"}, "critical", "answered 301, expected 200"),
        ({"path": "/slow", "within": 0.4}, "critical", "does not answer within 0.4 s"),
    ],
)
def test_a_website_must_answer_as_it_should_and_in_time(
    machine: Machine, website: str, wanted: dict[str, Any], *, state: str, words: str
) -> None:
    url = website + wanted.pop("path", "/")
    seen = one(machine, item="http", url=url, **wanted)
    assert (seen["verdict"], words in seen["message"]) == (state, True), seen


def test_items_that_wait_for_the_network_are_asked_at_once_and_stay_in_order(machine: Machine, website: str) -> None:
    """Each of them is answered only when all three have asked."""
    asked = {"item": "http", "url": f"{website}/together", "within": 30}
    port = int(website.rsplit(":", 1)[1])
    seen = look(machine, asked, {"item": "memory"}, {**asked, "contains": "办公"}, {"item": "tcp", "port": port}, asked)
    assert [(part["item"], part["verdict"]) for part in seen] == [
        *(("http", "ok"), ("memory", "ok"), ("http", "ok"), ("tcp", "ok"), ("http", "ok"))
    ]


def test_a_port_takes_connections_or_is_critical(machine: Machine, website: str) -> None:
    port = int(website.rsplit(":", 1)[1])
    assert one(machine, item="tcp", port=port)["verdict"] == "ok"
    seen = one(machine, item="tcp", port=1)
    assert (seen["verdict"], seen["subject"], seen["value"]) == ("critical", "1", None)


def test_a_disk_is_judged_by_bytes_and_by_inodes(machine: Machine) -> None:
    bytes_, inodes = look(machine, {"item": "disk", "mount": "/", "warn": 0, "critical": 100.1})
    assert (bytes_["item"], bytes_["verdict"], bytes_["subject"]) == ("disk", "warning", "/")
    assert (inodes["item"], inodes["unit"]) == ("inodes", "%")
    assert bytes_["used_bytes"] > 0


def test_a_file_system_that_is_not_mounted_is_unknown_although_its_folder_is_there(machine: Machine) -> None:
    seen = one(machine, item="disk", mount=str(machine.folder), warn=80)
    assert (seen["verdict"], "nothing is mounted" in seen["message"]) == ("unknown", True)


def test_a_disk_that_fills_is_warned_of_in_time(machine: Machine) -> None:
    used = look(machine, {"item": "disk", "mount": "/", "critical": 100.1})[0]
    folder = machine.spool / "inspection/daily"
    grows = used["free_bytes"] / 10  # bytes an hour: full in ten hours
    for hours in (4, 3, 2, 1):
        at = time.gmtime(time.time() - hours * 3600)
        item = {"item": "disk", "subject": "/", "used_bytes": used["used_bytes"] - hours * grows}
        result = {"started": time.strftime("%Y-%m-%dT%H:%M:%SZ", at), "items": [item]}
        (folder / f"0000000000-00000000000{hours}.json").write_text(json.dumps(result))
    (folder / "0000000000-00000000000a.json").write_text("{broken")
    soon, calm = (
        look(machine, {"item": "disk", "mount": "/", "critical": 100.1, "full_within": hours * 3600})[0]
        for hours in (24, 5)
    )
    assert (soon["verdict"], round(soon["full_in_hours"])) == ("warning", 10)
    assert "full in about 10 h" in soon["message"]
    assert calm["verdict"] == "ok"


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        ([], None),
        ([(-7200, 10.0)], None),  # too few points
        ([(-1200, 10.0), (-600, 20.0)], None),  # too short a time
        ([(-7200, 30.0), (-3600, 25.0)], None),  # not filling
        ([(-7200, 0.0), (-3600, 10.0)], 8.0),
    ],
)
def test_the_hours_until_full_follow_the_least_squares_line(
    history: list[tuple[float, float]], expected: float | None
) -> None:
    now = time.time()
    hours = hours_until_full(20.0, 80.0, [(now + at, used) for at, used in history])
    assert (hours if hours is None else round(hours, 2)) == expected


def test_a_wrong_item_never_stops_the_others_and_the_worst_is_the_whole(machine: Machine) -> None:
    items: list[dict[str, object]] = [{"item": "no-such-thing"}, {"item": "tcp"}, {"item": "memory", "warn": 100.1}]
    seen = look(machine, *items)
    assert [part["verdict"] for part in seen] == ["unknown", "unknown", "ok"]
    whole = machine.newest("inspection/daily")
    assert (whole["verdict"], whole["items"]) == ("unknown", seen)


def test_times_are_utc(machine: Machine) -> None:
    machine.environment["TZ"] = "Asia/Shanghai"
    look(machine, {"item": "memory"})
    started = machine.newest("inspection/daily")["started"]
    assert abs(calendar.timegm(time.strptime(started, "%Y-%m-%dT%H:%M:%SZ")) - time.time()) < 60
