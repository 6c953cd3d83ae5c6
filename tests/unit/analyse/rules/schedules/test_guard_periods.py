"""What is found in guard periods: schedules that are not denser, hosts left out, jobs that change data, overlaps."""

from datetime import date

import pytest
from judging import found, said

INSPECTION = """\
kind: inspection
name: daily-servers
hosts: web
schedule: {schedule}
items: [{{memory: {{warn: 85%, critical: 95%}}}}]
"""
GUARD = """\
kind: window
name: congress
type: guard
days: 2026-03-04..2026-03-13
hosts: {hosts}
{fields}
"""
CARE = """\
kind: data_care
name: purge
hosts: db
database: {postgresql: oa}
select: {table: audit_trail, column: created_at, older_than: 180 days}
archive: {to: backup1, keep: 24 months}
when: {schedule: monthly on day 5 at 03:00}
"""
BACKUP = """\
kind: backup
name: daily
hosts: db
what: {paths: [/srv]}
schedule: daily at 02:00
to: {host: backup1, repository: daily}
keep: {daily: 7}
rpo: 26h
rto: 4h
encryption: none
drill: {within: 7 days}
check: {schedule: weekly on sunday at 04:00}
"""


def inspection(schedule: str = "daily at 07:30") -> str:
    return INSPECTION.format(schedule=schedule)


def guard(fields: str = "inspections: {daily-servers: hourly at :15}", *, hosts: str = "web") -> str:
    return GUARD.format(fields=fields, hosts=hosts)


@pytest.mark.parametrize(
    ("usual", "asked", "is_denser"),
    [
        ("daily at 07:30", "hourly at :15", True),
        ("daily at 07:30", "0 9,21 * * *", True),
        ("daily at 07:30", "daily at 19:30", False),
        ("daily at 07:30", "weekly on sunday at 12:00", False),
        ("hourly at :15", "0 9,21 * * *", False),
        ("weekly on sunday at 12:00", "daily at 12:00", True),
    ],
)
def test_a_schedule_that_runs_no_more_often_is_not_denser(usual: str, asked: str, *, is_denser: bool) -> None:
    violations = found("OP461", inspection(usual), guard(f"inspections: {{daily-servers: {asked!r}}}"))
    assert bool(violations) is not is_denser
    assert all(each.policy == "window/congress" for each in violations)


def test_a_schedule_that_is_due_on_none_of_the_days_never_runs() -> None:
    policies = (inspection(), guard("inspections: {daily-servers: monthly on day 20 at 12:00}"))
    (violation,) = found("OP450", *policies)
    assert violation.policy == "window/congress"
    assert not found("OP461", *policies)


def test_hosts_that_no_inspection_of_the_guard_period_inspects_are_named() -> None:
    assert not found("OP462", inspection(), guard())
    (missing,) = said("OP462", inspection(), guard(hosts="web:db"))
    assert "db1" in missing
    assert "app1" not in missing


def test_hosts_that_one_of_several_inspections_inspects_are_not_named() -> None:
    other = inspection().replace("daily-servers", "databases").replace("hosts: web", "hosts: db")
    both = "inspections: {daily-servers: hourly at :15, databases: hourly at :45}"
    assert not found("OP462", inspection(), other, guard(both, hosts="web:db"))


def test_an_inspection_of_other_hosts_alone_is_found_at_its_name() -> None:
    (violation,) = found("OP462", inspection(), guard(hosts="db"))
    assert "daily-servers" in violation.message


def test_what_deletes_data_is_a_change_and_what_looks_and_copies_is_none() -> None:
    closed = guard("", hosts="all")
    assert [each.policy for each in found("OP455", inspection(), CARE, BACKUP, closed)] == ["data_care/purge"]
    assert not found("OP455", CARE, guard("allows: [data_care]", hosts="all"))


def test_a_guard_period_that_overlaps_a_maintenance_window_is_found_at_its_days() -> None:
    nightly = "kind: window\nname: nightly\ntype: maintenance\nhosts: web\nwhen: {schedule: daily at 01:00, for: 6h}\n"
    (violation,) = found("OP458", nightly, guard(""))
    assert violation.message.startswith("guard period congress overlaps maintenance window nightly")
    assert violation.place.line == 4


def test_its_inspections_run_in_a_blackout_only_where_that_allows_them() -> None:
    day = "kind: window\nname: election\ntype: blackout\nhosts: web\nwhen: {days: 2026-03-08..2026-03-08}\n"
    (violation,) = found("OP464", inspection(), guard(), day)
    assert violation.policy == "window/congress"
    assert not found("OP464", inspection(), guard(), f"{day}allows: [inspection]\n")
    assert not found("OP464", inspection(), guard(), day.replace("03-08", "03-14"))


@pytest.mark.parametrize(
    ("days", "hosts", "count"),
    [
        ("2026-03-13..2026-03-20", "web", 1),
        ("2026-03-14..2026-03-20", "web", 0),
        ("2026-03-05..2026-03-06", "db", 0),
        ("2026-03-05..2026-03-06", "all", 1),
    ],
)
def test_two_guard_periods_overlap_by_days_and_hosts(days: str, hosts: str, count: int) -> None:
    other = guard("", hosts=hosts).replace("congress", "games").replace("2026-03-04..2026-03-13", days)
    assert len(found("OP465", guard(""), other)) == count


def test_growth_is_not_measured_more_often() -> None:
    growth = inspection().replace("hosts: web", "hosts: db")
    growth = growth.replace("[{memory", "[{database_growth: {database: oa, baseline: 2026-01-05..2026-02-01}}, {memory")
    assert found("OP463", growth, guard(hosts="db"))
    assert not found("OP463", inspection(), guard())


def test_a_guard_period_that_is_over_is_no_matter_for_jobs() -> None:
    assert not found("OP455", CARE, guard("", hosts="all"), day=date(2026, 3, 14))
