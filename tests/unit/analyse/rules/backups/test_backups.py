"""Rules about backups, at their edges."""

from datetime import date

import pytest
from building import backup, tree
from judging import found, measurement, said
from reading import data, named

from opspact.analyse.registry import RULES
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.model.finding import Recurrence
from opspact.model.measurements import Measurements
from opspact.resolve.contract import resolve

BACKUP = """\
kind: backup
name: daily
hosts: db
what: {paths: [/srv]}
schedule: daily at 02:00
to: {host: backup1, repository: daily}
keep: {daily: 7, weekly: 5}
rpo: 24h
rto: 4h
encryption: none
"""


def changed(**fields: str) -> str:
    """The backup, with other values for some of its fields."""
    lines = [line for line in BACKUP.splitlines() if line.partition(":")[0] not in fields]
    return "\n".join([*lines, *(f"{name}: {value}" for name, value in fields.items())]) + "\n"


def test_a_gap_as_long_as_the_rpo_leaves_no_time_for_the_run() -> None:
    (finding,) = found("OP400", BACKUP)
    assert (finding.policy, finding.source) == ("backup/daily", "rpo: 24h")
    assert said("OP400", changed(rpo="24h1m")) == []
    assert said("OP400", changed(rpo="24h1m", takes="1m")) == []


def test_a_run_that_is_planned_counts_until_one_was_measured() -> None:
    (finding,) = found("OP400", changed(rpo="25h", takes="90m"))
    assert named(finding, "25h30m", "1h30m") == {"25h30m", "1h30m"}
    quick = Measurements(run_seconds={("db1", "backup/daily"): measurement(1800)})
    assert said("OP400", changed(rpo="25h", takes="90m"), measurements=quick) == []


def test_a_run_counts_until_the_copy_is_there() -> None:
    measurements = Measurements(
        run_seconds={("db1", "backup/daily"): measurement(1800), ("app1", "backup/daily"): measurement(7200)}
    )

    (finding,) = found("OP400", BACKUP, measurements=measurements)
    assert named(finding, "24h30m", "24h", "30m", "db1", "app1") == {"24h30m", "24h", "30m", "db1"}
    assert data(finding.message) >= {"2026-03-01 02:00", "2026-03-02 02:00"}
    assert said("OP400", changed(rpo="25h"), measurements=measurements) == []


def test_the_longest_gap_of_a_month_is_found_beyond_the_period_s_end() -> None:
    quarterly = changed(schedule="quarterly on day 1 at 02:00", rpo="91 days", takes="1h")

    (finding,) = found("OP400", quarterly)
    assert data(finding.message) >= {"92", "91", "2026-07-01 02:00", "2026-10-01 02:00"}
    (finding,) = found("OP400", quarterly, day=date(2026, 12, 1))
    assert "2027-01-01 02:00" in data(finding.message)
    assert said("OP400", changed(schedule="monthly on last day at 02:00", rpo="745h")) == []
    assert said("OP400", changed(schedule="quarterly on day 1 at 02:00", rpo="2209h")) == []
    assert said("OP400", changed(schedule="0 2 1 7 *", rpo="8761h")) == []
    (finding,) = found("OP400", changed(schedule="0 2 1 7 *", rpo="364 days"))
    assert data(finding.message) >= {"365", "364"}


def test_a_clock_change_that_makes_the_gap_longer_is_named() -> None:
    written = tree(changed(rpo="24h30m", takes="1m"))
    shanghai = written["policies/contract.yaml"]
    findings = [
        analyse(
            RuleContext(
                resolve({**written, "policies/contract.yaml": shanghai.replace(b"Asia/Shanghai", zone)}),
                date(2026, 10, 1),
            ),
            [RULES["OP400"]],
        )
        for zone in (b"Europe/Berlin", b"Asia/Shanghai")
    ]
    ((berlin,), nothing) = findings
    assert "2026-10-25" in data(berlin.message)
    assert "Europe/Berlin" in berlin.message
    assert nothing == ()


def test_days_on_which_more_would_be_lost_than_allowed_are_counted() -> None:
    """Too much would be lost from Saturday 03:00 until Monday's copy is there; this period begins on such a Monday."""
    weekdays = changed(schedule="0 2 * * mon-fri", rpo="25h", takes="1h")
    (finding,) = found("OP400", weekdays)
    assert finding.repeats == Recurrence(87, date(2026, 3, 2))
    (finding,) = found("OP400", weekdays, day=date(2026, 12, 25))
    assert finding.repeats is None
    (finding,) = found("OP400", changed(schedule="monthly on day 1 at 02:00", rpo="30 days"))
    assert finding.repeats == Recurrence(10, date(2026, 3, 31))  # months of 30 days too: a run takes some time


def test_a_schedule_that_is_never_due_is_another_rule_s() -> None:
    assert said("OP400", changed(schedule="0 2 29 2 *")) == []


@pytest.mark.parametrize(
    ("schedule", "keep"),
    [
        ("daily at 02:00", "{daily: 7, weekly: 4}"),
        ("daily at 02:00", "{daily: 3}"),
        ("daily at 02:00", "{daily: 7, weekly: 4, monthly: 12, yearly: 2}"),
        ("weekly on sunday at 02:00", "{daily: 1, weekly: 4}"),
        ("hourly at :15", "{hourly: 24, daily: 7}"),
        ("monthly on day 1 at 02:00", "{weekly: 1, monthly: 12}"),
    ],
)
def test_a_rotation_without_a_hole_is_not_found(schedule: str, keep: str) -> None:
    assert said("OP401", changed(schedule=schedule, keep=keep)) == []


@pytest.mark.parametrize(
    ("schedule", "keep", "back"),
    [
        ("daily at 02:00", "{daily: |6, weekly: 4}", "6 days"),
        ("daily at 02:00", "{daily: 7, weekly: |2, monthly: 12}", "21 days"),
        ("hourly at :15", "{hourly: |12, daily: 7}", "12h"),
        ("hourly at :15", "{hourly: |24, monthly: 7}", "24h"),
        ("weekly on sunday at 02:00", "{weekly: |4, monthly: 12}", "28 days"),
        ("monthly on day 1 at 02:00", "{monthly: |6, yearly: 3}", "186 days"),
    ],
)
def test_a_hole_is_found_at_the_tier_that_is_too_short(schedule: str, keep: str, back: str) -> None:
    (finding,) = found("OP401", changed(schedule=schedule, keep=keep.replace("|", "")))
    assert finding.place.column == len("keep: ") + keep.index("|") + 1
    assert f" {back}," in finding.message


CLAUSE = """\
kind: clause
name: D2
section: "6"
text: {en: Backups}
kept_by: opspact
evidence_within: 32 days
copies_kept: 6 months
"""


def test_one_backup_that_keeps_copies_as_long_as_promised_is_enough() -> None:
    short = changed(keep="{daily: 7}", clauses="[D2]")
    long = changed(name="monthly", schedule="monthly on day 1 at 02:00", keep="{monthly: 6}", clauses="[D2]")

    assert said("OP402", CLAUSE, short, long) == []
    (finding,) = found("OP402", CLAUSE, short)
    assert (finding.policy, finding.source) == ("backup/daily", "keep: {daily: 7}")
    assert data(finding.message) >= {"6", "7"}


def test_one_copy_is_too_few() -> None:
    (finding,) = found("OP403", changed(keep="{daily: 1}"))
    assert finding.source == "keep: {daily: 1}"
    assert said("OP403", changed(keep="{daily: 2}")) == []


def test_space_is_counted_until_all_copies_are_there_and_unknown_hosts_count_nothing() -> None:
    def known(made: int) -> Measurements:
        return Measurements(
            stored_bytes={("db1", "daily"): measurement(1e9)},
            copies={("db1", "daily"): measurement(made)},
            free_bytes={"backup1": measurement(4e9)},
        )

    (finding,) = found("OP415", changed(keep="{daily: 12}"), measurements=known(7))
    assert finding.policy == "backup/daily"
    assert data(finding.message) == {"4", "5"}
    assert named(finding, "backup1") == {"backup1"}
    assert said("OP415", changed(keep="{daily: 12}"), measurements=known(8)) == []
    assert said("OP415", changed(keep="{daily: 12}"), measurements=known(500)) == []
    assert said("OP415", changed(keep="{daily: 12}", schedule="0 2 29 2 *"), measurements=known(7)) == [], (
        "none is made"
    )
    assert (
        said(
            "OP415", BACKUP, measurements=Measurements(free_bytes={"backup1": measurement(-1), "gone": measurement(1)})
        )
        == []
    )


@pytest.mark.parametrize(
    ("fields", "made", "to_come"),
    [
        ({}, 0, 12),
        ({}, 7, 5),
        ({}, 8, 4),
        ({}, 14, 4),
        ({}, 15, 3),
        ({}, 35, 1),
        ({}, 36, 0),
        ({"keep": "{daily: 14, weekly: 8}"}, 22, 6),
        ({"keep": "{daily: 7, weekly: 4, monthly: 12}"}, 7 + 28 + 62, 10),
        ({"schedule": "weekly on sunday at 02:00"}, 9, 3),
        ({"schedule": "hourly at :15", "keep": "{hourly: 24, daily: 7}"}, 24 + 48, 5),
        ({"schedule": "0 2 * * 1-5", "keep": "{daily: 10, weekly: 4}"}, 20, 2),
    ],
)
def test_copies_dropped_since_they_were_made_come_again(fields: dict[str, str], made: int, to_come: int) -> None:
    def enough(copies: float) -> bool:
        measurements = Measurements(
            stored_bytes={("db1", "daily"): measurement(1e9)},
            copies={("db1", "daily"): measurement(made)},
            free_bytes={"backup1": measurement(copies * 1e9)},
        )
        return not said("OP415", changed(**{"rpo": "400 days", **fields}), measurements=measurements)

    assert enough(to_come)
    assert not enough(to_come - 1)


def test_an_openly_unencrypted_copy_is_told_at_the_field_that_says_so() -> None:
    (finding,) = found("OP412", backup("plain"))
    assert finding.source == "encryption: none"
    assert said("OP412", backup("sealed", fields="passphrase: secret:vault:borg")) == []
