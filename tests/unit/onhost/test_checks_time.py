"""What an inspection says of the clock, from recorded outputs."""

import time

import pytest
from inspecting import one
from programs import Machine

SYNCHRONISED = "A9FEA97B,169.254.169.123,4,{reference},{offset},0.1,0.2,-6,0.01,0.07,0.0004,0.0002,16.2,{leap}"


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


ANSWERED = (
    "NTPMessage={{ Leap=0, Version=4, Mode=4, Stratum=2, Precision=-25, RootDelay=1.9ms, RootDispersion=22ms,"
    " Reference=C0248F97, OriginateTimestamp=Sun 2026-11-29 09:06:57 UTC, ReceiveTimestamp=Sun 2026-11-29 09:06:57 UTC,"
    " TransmitTimestamp=Sun 2026-11-29 09:06:57 UTC, DestinationTimestamp={at}, Ignored=no, PacketCount=3, Jitter=0 }}"
)


def timesyncd(machine: Machine, shown: str, *, offset: str, answer: str) -> None:
    status = f"       Server: 192.0.2.1\\n       Offset: {offset}\\n        Delay: 1ms"
    cases = f"show) echo '{shown}';; show-timesync) echo '{answer}';; *) printf '{status}\\n';;"
    machine.command("timedatectl", f'case "$1" in {cases} esac')


def answered(age: float) -> str:
    return ANSWERED.format(at=time.strftime("%a %Y-%m-%d %H:%M:%S UTC", time.gmtime(time.time() - age)))


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
    timesyncd(machine, shown, offset=offset, answer=answered(60))
    seen = one(machine, item="time", offset=0.5, updated_within=10800, only_ours=True)
    assert (seen["verdict"], seen["value"]) == (state, value)


@pytest.mark.parametrize(("age", "state"), [(60, "ok"), (10700, "ok"), (10900, "warning"), (None, "unknown")])
def test_timesyncd_that_hears_no_server_any_more_is_seen(machine: Machine, age: float | None, state: str) -> None:
    answer = "" if age is None else answered(age)
    timesyncd(machine, "CanNTP=yes\nNTPSynchronized=yes", offset="+308us", answer=answer)
    seen = one(machine, item="time", offset=0.5, updated_within=10800, only_ours=True)
    assert seen["verdict"] == state, seen
    if age is not None:
        assert abs(seen["reference_age"] - age) <= 30


def test_ntpd_that_does_not_say_when_a_server_answered_is_unknown(machine: Machine) -> None:
    machine.command("ntpq", "echo 'leap_none, sync_ntp, offset=-0.251, sys_jitter=0.3'")
    assert one(machine, item="time", offset=0.5, updated_within=10800, only_ours=True)["verdict"] == "unknown"


def test_without_any_time_service_the_clock_is_unknown_and_never_ok(machine: Machine) -> None:
    machine.command("nothing", "")
    seen = one(machine, item="time", offset=0.5, updated_within=10800, only_ours=True)
    assert (seen["verdict"], "no time service answers" in seen["message"]) == ("unknown", True)


def test_a_time_service_that_cannot_be_asked_says_why(machine: Machine) -> None:
    machine.command("chronyc", "echo '506 Cannot talk to daemon'; exit 1")
    seen = one(machine, item="time", offset=0.5, updated_within=10800, only_ours=True)
    assert (seen["verdict"], "506 Cannot talk to daemon" in seen["message"]) == ("unknown", True)
