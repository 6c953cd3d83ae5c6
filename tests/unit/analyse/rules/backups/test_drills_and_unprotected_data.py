"""Rules about drills and about what no backup holds, at their edges."""

from datetime import UTC, datetime

from building import backup, service
from judging import found, measurement, said
from reading import data, named

from opspact.model.measurements import Measurement, Measurements

DRILLED = backup("drilled", fields="encryption: none\ndrill: {within: 31 days}")


def test_a_drill_is_overdue_from_the_beginning_of_the_record_on() -> None:
    assert said("OP410", DRILLED) == []
    assert said("OP410", DRILLED, measurements=Measurements(since=datetime(2026, 2, 1, tzinfo=UTC))) == []
    (finding,) = found("OP410", DRILLED, measurements=Measurements(since=datetime(2026, 1, 1, 4, tzinfo=UTC)))
    assert (finding.policy, data(finding.message)) == ("backup/drilled", {"2026-01-01 12:00", "31"})


def test_a_drill_counts_by_its_own_time() -> None:
    begun = datetime(2025, 6, 1, tzinfo=UTC)
    lately = Measurements(
        since=begun, restore_seconds={("app1", "drilled"): Measurement(60, datetime(2026, 2, 20, tzinfo=UTC))}
    )
    assert said("OP410", DRILLED, measurements=lately) == []


def test_a_restore_as_long_as_promised_is_in_time() -> None:
    assert (
        said("OP411", DRILLED, measurements=Measurements(restore_seconds={("app1", "drilled"): measurement(4 * 3600)}))
        == []
    )
    assert (
        len(
            said(
                "OP411",
                DRILLED,
                measurements=Measurements(restore_seconds={("app1", "drilled"): measurement(4 * 3600 + 60)}),
            )
        )
        == 1
    )


def test_a_fast_drill_of_one_host_hides_no_slow_one_of_another() -> None:
    old, new = datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 2, 20, tzinfo=UTC)
    restores = {("app1", "drilled"): Measurement(60, new), ("app2", "drilled"): Measurement(5 * 3600, old)}
    measurements = Measurements(since=datetime(2025, 6, 1, tzinfo=UTC), restore_seconds=restores)
    (finding,) = found("OP411", DRILLED, measurements=measurements)
    assert named(finding, "app1", "app2", "5h", "4h") == {"app2", "5h", "4h"}
    assert "2026-01-05 08:00" in data(finding.message)
    assert said("OP410", DRILLED, measurements=measurements) == [], "the newest of them counts"
    gone = Measurements(restore_seconds={("db1", "drilled"): Measurement(5 * 3600, new)})
    assert said("OP411", DRILLED, measurements=gone) == [], "a host that is not copied any more is not brought back"


INSPECTION = """\
kind: inspection
name: databases
hosts: all
schedule: daily at 07:30
items:
  - postgresql: {database: oa, on: web}
"""


def test_a_database_is_looked_for_on_each_of_its_hosts() -> None:
    dumped = backup("dumped").replace("{paths: [/etc]}", "{databases: [{postgresql: oa, on: app1}]}")
    (finding,) = found("OP413", INSPECTION)
    assert (finding.policy, finding.subject) == ("inspection/databases", "oa")
    assert named(finding, "app1", "app2") == {"app1", "app2"}
    (finding,) = found("OP413", INSPECTION, dumped)
    assert named(finding, "app1", "app2") == {"app2"}
    assert said("OP413", INSPECTION, dumped.replace(", on: app1", "")) == []


def test_a_database_of_one_kind_of_server_is_not_kept_by_a_dump_of_the_other() -> None:
    looked_at = INSPECTION.replace("postgresql", "mariadb")
    dumped = backup("dumped").replace("{paths: [/etc]}", "{databases: [{postgresql: oa}]}")
    (finding,) = found("OP413", looked_at, dumped)
    assert (finding.policy, finding.subject) == ("inspection/databases", "mariadb/oa")
    assert said("OP413", looked_at, dumped.replace("postgresql", "mariadb")) == []


def test_a_folder_left_out_of_a_backup_is_in_none() -> None:
    oa = service("oa", "directories: [{path: /srv/oa/files}]")

    def what(text: str) -> str:
        return backup("copied").replace("{paths: [/etc]}", text)

    assert said("OP414", oa, what("{paths: [/srv]}")) == []
    assert said("OP414", oa, what("{paths: [/srv/oa/files]}")) == []
    for left_out in ("{paths: [/srv/oa/file]}", "{paths: [/srv], exclude: [/srv/oa]}"):
        (finding,) = found("OP414", oa, what(left_out))
        assert (finding.policy, finding.subject) == ("service/oa", "/srv/oa/files")
        assert named(finding, "app1", "app2", "db1") == {"app1", "app2"}
    assert said("OP414", oa, what("{paths: [/srv], exclude: ['*.tmp']}")) == []


def test_what_the_next_start_makes_anew_needs_no_copy() -> None:
    passing = service("oa", "directories: [{path: /run/oa}, {path: /tmp/oa}]")
    assert said("OP414", passing, backup("daily")) == []


def test_a_service_that_only_has_files_of_the_contract_needs_no_copy() -> None:
    assert said("OP414", service("notice", "files: [{path: /etc/motd, content: hello}]")) == []
    (finding,) = found("OP414", service("web", "units: [nginx.service]"))
    assert (finding.policy, finding.source) == ("service/web", "hosts: web")
    assert named(finding, "app1", "app2", "db1") == {"app1", "app2"}
