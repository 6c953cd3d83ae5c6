"""Rules about schedules, overlaps and windows, at their edges."""

from datetime import date

import pytest
from building import CONTRACT, backup, tree
from judging import found, measurement, said
from reading import data, named

from opspact.analyse.registry import RULES
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.model.finding import Finding, Recurrence, Severity
from opspact.model.measurements import Measurements
from opspact.resolve.contract import resolve


def inspection(schedule: str, *, name: str = "look") -> str:
    return f"kind: inspection\nname: {name}\nhosts: all\nschedule: {schedule}\nitems:\n  - units: {{failed: 0}}\n"


def window(when: str, *, type_: str = "blackout", hosts: str = "web", more: str = "") -> str:
    return f"kind: window\nname: {type_}\ntype: {type_}\nhosts: {hosts}\nwhen: {when}\n{more}\n"


def purge(schedule: str, *, hosts: str = "web", name: str = "purge") -> str:
    return (
        f"kind: data_care\nname: {name}\nhosts: {hosts}\ndatabase: {{postgresql: oa}}\n"
        "select: {table: audit_trail, column: created_at, older_than: 180 days}\n"
        f"archive: {{to: backup1, keep: 24 months}}\nwhen: {{schedule: {schedule}}}\n"
    )


def at(schedule: str, *, name: str = "copy", more: str = "encryption: none") -> str:
    return backup(name, fields=more).replace("daily at 02:00", schedule)


def test_two_backups_of_different_hosts_do_not_meet() -> None:
    other = at("daily at 02:00", name="other").replace("hosts: web", "hosts: db")
    assert said("OP452", at("daily at 02:00"), other) == []


def test_jobs_of_one_minute_meet_and_those_of_the_next_do_not_unless_runs_are_known() -> None:
    copy, care = at("daily at 02:00"), purge("daily at 02:01")
    assert said("OP452", copy, purge("daily at 02:00"))
    assert said("OP452", copy, care) == []
    short = Measurements(run_seconds={("app1", "backup/copy"): measurement(60)})
    long = Measurements(run_seconds={("app1", "backup/copy"): measurement(61)})
    assert said("OP452", copy, care, measurements=short) == []
    assert len(said("OP452", copy, care, measurements=long)) == 1


def test_what_begins_soon_after_a_job_of_unknown_length_may_meet_it() -> None:
    copy, care = at("daily at 02:00"), purge("daily at 02:20")
    (finding,) = found("OP460", copy, care)
    assert (finding.policy, finding.subject) == ("backup/copy", "data_care/purge")
    assert finding.repeats == Recurrence(305, date(2026, 3, 2))
    assert data(finding.message) >= {"backup/copy", "data_care/purge", "2026-03-02 02:20"}
    assert named(finding, "app1", "app2", "backup1") == {"app1", "app2"}
    assert said("OP460", copy, purge("daily at 04:00")) == []
    assert said("OP460", copy, purge("daily at 02:00")) == [], "they meet: another rule's"
    assert said("OP460", at("daily at 23:30"), purge("daily at 00:15"))
    long = copy.replace("\nkeep:", "\ntakes: 21m\nkeep:")
    assert said("OP460", long, care) == []
    assert said("OP452", long, care)
    known = Measurements(run_seconds={("app1", "backup/copy"): measurement(60)})
    assert said("OP460", copy, purge("daily at 02:20", hosts="app1"), measurements=known) == []
    (finding,) = found("OP460", copy, care, measurements=known)
    assert named(finding, "app1", "app2") == {"app2"}


CHECKED = backup("kept", fields="encryption: none\ncheck: {schedule: monthly on day 2 at 02:00, takes: 2h}").replace(
    "daily at 02:00\nto", "weekly on sunday at 20:00\nto"
)
"""A backup whose repository is checked on backup1, on the second of each month, from two to four at night."""


def elsewhere(text: str) -> str:
    """The same policy with another repository of backup1, so that no lock is shared."""
    return text.replace("repository: daily", "repository: other")


def test_a_backup_meets_the_check_of_another_repository_of_its_server() -> None:
    (finding,) = found("OP452", CHECKED, elsewhere(at("daily at 03:00", name="other")))
    assert (finding.policy, finding.subject) == ("backup/other", "the check of backup1:daily")
    assert finding.repeats == Recurrence(10, date(2026, 3, 2))
    assert data(finding.message) == {"backup/other", "10", "2026-03-02 03:00", "2"}
    assert said("OP452", CHECKED, elsewhere(at("daily at 04:00", name="other"))) == []
    away = at("daily at 03:00", name="other").replace("host: backup1", "host: backup2")
    assert said("OP452", CHECKED, away) == []
    assert said("OP452", CHECKED, at("daily at 03:00", name="other")) == [], "one repository: another rule's"


def test_rows_archived_on_a_server_that_checks_a_repository_meet_the_check() -> None:
    (finding,) = found("OP452", CHECKED, purge("daily at 03:59"))
    assert (finding.policy, finding.subject) == ("backup/kept", "data_care/purge")
    assert data(finding.message) >= {"data_care/purge", "2026-03-02 03:59"}
    assert named(finding, "app1", "app2", "backup1") == {"backup1"}
    assert said("OP452", CHECKED, purge("daily at 04:00")) == []


def test_two_that_write_to_one_server_do_not_meet_there() -> None:
    assert said("OP452", at("daily at 02:00"), purge("daily at 02:00", hosts="db")) == []
    of_the_server = at("daily at 02:00", name="own").replace("hosts: web", "hosts: backup1")
    (finding,) = found("OP452", at("daily at 02:00"), of_the_server.replace("host: backup1", "host: backup2"))
    assert named(finding, "app1", "backup1") == {"backup1"}, "one reads there what the other is writing"


def test_of_what_writes_to_a_server_its_slowest_host_counts_there() -> None:
    slow = Measurements(
        run_seconds={("app2", "backup/early"): measurement(3601), ("app1", "backup/early"): measurement(60)}
    )
    early = elsewhere(at("daily at 01:00", name="early"))
    (finding,) = found("OP452", CHECKED, early, measurements=slow)
    assert "2026-03-02 02:00" in data(finding.message)
    fast = Measurements(run_seconds={("app2", "backup/early"): measurement(3600)})
    assert said("OP452", CHECKED, early, measurements=fast) == []


def test_a_look_at_a_server_that_is_written_to_may_find_it_busy() -> None:
    copy, look = at("daily at 02:05"), inspection("daily at 02:05")
    (finding,) = found("OP454", copy, look)
    assert (finding.policy, finding.subject) == ("inspection/look", "backup/copy")
    assert finding.repeats == Recurrence(305, date(2026, 3, 2))
    assert named(finding, "app1", "app2", "db1", "backup1", "backup2") == {"app1", "app2", "backup1"}
    (finding,) = found("OP454", copy, look.replace("hosts: all", "hosts: backup"))
    assert named(finding, "app1", "backup1", "backup2") == {"backup1"}
    assert said("OP454", copy, look.replace("hosts: all", "hosts: db")) == []


def test_a_check_that_begins_soon_after_a_backup_of_unknown_length_may_meet_it() -> None:
    copy = backup("copy", fields="encryption: none\ncheck: {schedule: weekly on sunday at 03:00, takes: 1h}")
    (finding,) = found("OP460", copy)
    assert finding.subject == "the check of backup1:daily"
    assert finding.repeats == Recurrence(43, date(2026, 3, 8))
    assert named(finding, "app1", "app2", "backup1") == {"backup1"}
    assert said("OP460", copy.replace("\nkeep:", "\ntakes: 1h\nkeep:")) == []
    half = Measurements(run_seconds={("app1", "backup/copy"): measurement(60)})
    assert found("OP460", copy, measurements=half) == (finding,)
    unknown = copy.replace(", takes: 1h", "").replace("sunday at 03:00", "sunday at 01:00")
    (finding,) = found("OP460", unknown)
    assert finding.subject == "backup/copy"
    assert named(finding, "app1", "app2", "backup1") == {"backup1"}


def test_a_run_over_midnight_meets_the_next_day() -> None:
    long = Measurements(run_seconds={("app1", "backup/copy"): measurement(3 * 3600)})
    (finding,) = found("OP452", at("weekly on sunday at 23:00"), purge("weekly on monday at 01:59"), measurements=long)
    assert "2026-03-09 01:59" in data(finding.message)


def test_what_a_job_takes_on_other_hosts_does_not_count() -> None:
    measurements = Measurements(run_seconds={("app2", "backup/copy"): measurement(7200)})
    assert said("OP452", at("daily at 02:00"), purge("daily at 03:00", hosts="app1"), measurements=measurements) == []
    assert (
        len(said("OP452", at("daily at 02:00"), purge("daily at 03:00", hosts="app2"), measurements=measurements)) == 1
    )


def test_a_backup_at_the_minute_of_the_pruning_is_kept_out() -> None:
    (finding,) = found("OP453", at("daily at 06:30"))
    assert (finding.policy, finding.subject) == ("backup/copy", "the daily pruning of backup1:daily")
    assert finding.repeats == Recurrence(305, date(2026, 3, 2))
    assert "2026-03-02 06:30" in data(finding.message)
    assert said("OP453", at("daily at 06:29")) == []


def test_a_job_that_runs_every_hour_meets_others_as_is_meant() -> None:
    hourly = at("hourly at :10", name="often")
    assert said("OP452", hourly, at("daily at 02:10")) == []
    assert said("OP460", hourly, at("daily at 02:20")) == []


def test_a_look_that_comes_many_times_a_day_may_find_a_busy_host() -> None:
    assert said("OP454", at("daily at 02:05"), inspection("hourly at :05")) == []
    (finding,) = found("OP454", at("daily at 02:05"), inspection("daily at 02:05"))
    assert finding.severity is Severity.NOTE


def test_backups_at_once_are_counted_over_policies() -> None:
    inventory = "all: {hosts: {'app[1:11]': , 'db[1:4]': , backup1: {opspact_backups_at_once: 14}}}\n"
    one = at("daily at 02:00", name="one").replace("hosts: web", "hosts: app*")
    two = at("weekly on sunday at 02:00", name="two").replace("hosts: web", "hosts: db*")
    (finding,) = found("OP456", one, two, inventory=inventory)
    assert (finding.policy, finding.subject, finding.repeats) == (
        "backup/one",
        "backup1",
        Recurrence(43, date(2026, 3, 8)),
    )
    assert data(finding.message) >= {"15", "14", "2026-03-08 02:00", "backup/one", "backup/two"}
    assert said("OP456", one, two.replace("sunday at 02:00", "sunday at 02:01"), inventory=inventory) == []


def test_a_blackout_of_the_backup_server_is_one_of_its_backups_too() -> None:
    closed = window("{days: 2026-03-07..2026-03-08}", hosts="backup1")
    (finding,) = [each for each in found("OP455", closed, at("daily at 02:00")) if each.subject == "backup/copy"]
    assert (finding.policy, finding.repeats) == ("backup/copy", Recurrence(2, date(2026, 3, 7)))
    assert "2026-03-07 02:00" in data(finding.message)
    assert named(finding, "app1", "backup1") == {"backup1"}


@pytest.mark.parametrize(
    ("when", "endless"),
    [
        ("{schedule: daily at 18:00, for: 24h}", True),
        ("{schedule: daily at 18:00, for: 23h59m}", False),
        ("{schedule: monthly on day 1 at 00:00, for: 31 days}", True),
        ("{schedule: monthly on day 1 at 00:00, for: 30 days}", False),
        ("{days: 2026-01-01..2026-12-31}", False),
    ],
)
def test_a_blackout_that_lasts_until_the_next_never_ends(when: str, endless: bool) -> None:
    assert bool(said("OP457", window(when))) is endless


def test_work_may_lie_in_two_windows_that_follow_each_other() -> None:
    early = window("{schedule: daily at 01:00, for: 1h}", type_="maintenance").replace("name: m", "name: early-m")
    late = window("{schedule: daily at 02:00, for: 1h}", type_="maintenance")
    long = Measurements(run_seconds={("app1", "data_care/purge"): measurement(5400)})
    care = purge("daily at 01:15")
    assert said("OP459", early, late, care, measurements=long) == []
    (finding,) = found("OP459", early, care, measurements=long)
    assert "2026-03-02 02:00" in data(finding.message)


def test_hosts_without_a_window_may_be_worked_on_at_any_time() -> None:
    declared = window("{schedule: daily at 01:00, for: 1h}", type_="maintenance", hosts="app1")
    (finding,) = found("OP459", declared, purge("daily at 12:00"))
    assert finding.policy == "data_care/purge"
    assert "2026-03-02 12:00" in data(finding.message)
    assert named(finding, "app1", "app2") == {"app1"}


PEOPLE = (
    "kind: team\nname: sales\n"
    "---\nkind: person\nname: li-na\nteams: [sales]\nfrom: 2026-01-01\n"
    "---\nkind: person\nname: zhou-jun\nteams: [sales]\nfrom: 2026-01-01\n"
)
LEAP_DAY = "0 2 29 2 *"
KEPT_BY_PEOPLE = {
    "visit": "kind: visit\nname: call\nschedule: {}\nby: sales\n",
    "review": "kind: review\nname: look-back\nschedule: {}\nled_by: sales\ninputs: [cases]\n",
    "training": "kind: training\nname: course\naudience: [sales]\nbefore: {}\ncontent: {{en: all}}\ntrainer: sales\n",
    "roster": (
        "kind: roster\nname: hotline\nrotation:\n  - {{people: [li-na], handover: daily at 09:00, since: 2026-01-01}}\n"
        "  - {{people: [li-na, zhou-jun], handover: {}, since: 2026-02-01}}\n"
    ),
}


@pytest.mark.parametrize("kind", KEPT_BY_PEOPLE)
def test_what_people_do_on_a_schedule_that_is_never_due_is_told_where_it_is_written(kind: str) -> None:
    (finding,) = found("OP450", PEOPLE, KEPT_BY_PEOPLE[kind].format(f'"{LEAP_DAY}"'))
    assert data(finding.message) >= {"2026-01-01", "2026-12-31"}
    assert finding.policy.startswith(f"{kind}/")
    assert LEAP_DAY in finding.source
    assert said("OP450", PEOPLE, KEPT_BY_PEOPLE[kind].format("daily at 02:00")) == []


@pytest.mark.parametrize("kind", KEPT_BY_PEOPLE)
def test_a_clock_change_stops_what_people_do_but_no_hand_over(kind: str) -> None:
    written = f"{PEOPLE}---\n{KEPT_BY_PEOPLE[kind].format('weekly on sunday at 02:30')}"
    assert len(at_a_change("daily at 07:00", written)) == (0 if kind == "roster" else 2)


def at_a_change(schedule: str, *more: str, zone: str = "Europe/Berlin") -> list[tuple[Severity, set[str]]]:
    """What is said of a schedule in Berlin, where clocks change on 2026-03-29 at 02:00 and on 2026-10-25 at 03:00."""
    berlin = CONTRACT.replace("Asia/Shanghai", zone)
    files = {"policies/contract.yaml": berlin, "policies/look.yaml": inspection(schedule)}
    whole = {**tree(*more), **{path: text.encode() for path, text in files.items()}}
    context = RuleContext(resolve(whole), date(2026, 3, 2))
    return [(finding.severity, data(finding.message)) for finding in analyse(context, [RULES["OP451"]])]


def test_a_time_that_does_not_exist_is_told_once_a_day_and_one_that_comes_twice_is_noted() -> None:
    assert at_a_change("0,10,20 2 * * *") == [
        (Severity.WARNING, {"0", "10", "20", "2", "2026-03-29", "02:00"}),
        (Severity.NOTE, {"02:00", "2026-10-25"}),
    ]


@pytest.mark.parametrize("schedule", ["daily at 01:59", "daily at 03:00", "hourly at :30", "weekly on monday at 02:30"])
def test_other_times_do_not_stumble_over_a_clock_change(schedule: str) -> None:
    assert at_a_change(schedule) == []


@pytest.mark.parametrize("zone", ["America/Santiago", "Africa/Cairo", "Asia/Beirut", "Australia/Lord_Howe"])
def test_what_runs_every_hour_stumbles_over_no_change_even_at_midnight(zone: str) -> None:
    assert at_a_change("hourly at :15", zone=zone) == []
    assert at_a_change('"*/20 * * * *"', zone=zone) == []
    assert at_a_change("daily at 00:15", zone=zone) or zone == "Australia/Lord_Howe"


@pytest.mark.parametrize(
    ("zone", "at", "hours"),
    [
        ("Europe/Berlin", "02:30", {"02:00", "03:00"}),
        ("America/Santiago", "00:15", {"00:00", "01:00"}),
        ("Australia/Lord_Howe", "02:15", {"02:00", "02:30"}),
    ],
)
def test_the_way_out_names_the_hour_of_the_zone_s_own_change(zone: str, at: str, hours: set[str]) -> None:
    berlin = CONTRACT.replace("Asia/Shanghai", zone)
    files = {"policies/contract.yaml": berlin, "policies/look.yaml": inspection(f"daily at {at}")}
    whole = {**tree(), **{path: text.encode() for path, text in files.items()}}
    findings = analyse(RuleContext(resolve(whole), date(2026, 3, 2)), [RULES["OP451"]])
    (missing,) = [each for each in findings if each.severity is Severity.WARNING]
    assert data(missing.help) >= hours


def test_a_zone_without_clock_changes_has_nothing_to_stumble_over() -> None:
    assert said("OP451", inspection("daily at 02:30")) == []


def test_only_what_is_never_due_in_the_whole_period_is_never_due() -> None:
    assert said("OP450", inspection("quarterly on day 1 at 02:00"), day=date(2026, 12, 31)) == []
    assert len(said("OP450", window("{schedule: 0 2 29 2 *, for: 2h}"))) == 1


def in_berlin(code: str, *policies: str, day: date = date(2026, 3, 2)) -> tuple[Finding, ...]:
    berlin = CONTRACT.replace("Asia/Shanghai", "Europe/Berlin")
    whole = {**tree(*policies), "policies/contract.yaml": berlin.encode()}
    return analyse(RuleContext(resolve(whole), day), [RULES[code]])


def test_a_run_through_a_clock_change_ends_when_its_time_has_passed() -> None:
    closed = window("{schedule: daily at 03:00, for: 15m}")
    (spring,) = in_berlin("OP455", closed, at("daily at 01:30", more="encryption: none\ntakes: 1h"))
    assert (spring.repeats, data(spring.message) >= {"2026-03-29 03:00"}) == (None, True)
    assert "Europe/Berlin" in spring.message
    always = in_berlin("OP455", closed, at("daily at 01:30", more="encryption: none\ntakes: 1h45m"))
    assert [each.repeats for each in always] == [Recurrence(304, date(2026, 3, 2))], "not on 2026-10-25"
    assert not any("Europe/Berlin" in each.message for each in always)


def test_a_window_through_a_clock_change_is_as_long_as_it_says() -> None:
    night = window("{schedule: daily at 00:00, for: 5h}", type_="maintenance")
    (finding,) = in_berlin("OP459", night, purge("daily at 04:30", hosts="app1"))
    assert (finding.repeats, data(finding.message) >= {"2026-10-25 04:30"}) == (None, True)
    assert "Europe/Berlin" in finding.message


def test_what_a_clock_change_does_not_explain_is_not_put_down_to_it() -> None:
    closed = "kind: window\nname: closed\ntype: blackout\nhosts: web\nwhen: {days: 2026-03-29..2026-03-29}\n"
    (finding,) = in_berlin("OP455", closed, at("daily at 10:00"))
    assert finding.repeats is None
    assert "Europe/Berlin" not in finding.message


def test_jobs_that_meet_at_a_clock_change_only_name_it() -> None:
    copy, care = at("daily at 01:30", more="encryption: none\ntakes: 1h"), purge("daily at 03:10")
    (finding,) = in_berlin("OP452", copy, care)
    assert (finding.repeats, data(finding.message) >= {"2026-03-29 03:10"}) == (None, True)
    assert "Europe/Berlin" in finding.message
    copies = [elsewhere(at("daily at 01:30", name="a", more="encryption: none\ntakes: 1h"))]
    copies += [elsewhere(at("daily at 03:10", name="b", more="encryption: none\ntakes: 1h")).replace("web", "db")]
    limited = "all: {hosts: {app1: , db1: , backup1: {opspact_backups_at_once: 1}}, children: {web: {hosts: {app1: }}, "
    inventory = {"inventory/hosts.yaml": f"{limited}db: {{hosts: {{db1: }}}}}}}}".encode()}
    whole = {**tree(*copies), "policies/contract.yaml": CONTRACT.replace("Asia/Shanghai", "Europe/Berlin").encode()}
    (crowd,) = analyse(RuleContext(resolve({**whole, **inventory}), date(2026, 3, 2)), [RULES["OP456"]])
    assert "Europe/Berlin" in crowd.message
