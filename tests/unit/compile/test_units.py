"""The texts of timers and services; the lab tests run them, systemd-analyze reads them here where it is installed."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from opspact.compile import units
from opspact.errors import Place
from opspact.model import names
from opspact.model.contract_jobs import PRUNE_SCHEDULE
from opspact.model.job import BACKUP, DATA_CARE, DRILL, INSPECTION, PRUNE, RESTORE, Job, RequestedJob
from opspact.model.origin import Origin
from opspact.structs import replace

ORIGIN = Origin("backup/nightly", Place("policies/backups.yaml", 1))
JOBS = {
    "inspection": Job(INSPECTION, "daily", ("app1",), PRUNE_SCHEDULE, ORIGIN),
    "backup": Job(BACKUP, "nightly", ("app1",), PRUNE_SCHEDULE, ORIGIN),
    "prune": Job(PRUNE, "nightly", ("backup1",), PRUNE_SCHEDULE, ORIGIN),
    "drill": Job(DRILL, "nightly", ("backup1",), PRUNE_SCHEDULE, ORIGIN),
    "data_care": Job(DATA_CARE, "purge-log", ("db1",), PRUNE_SCHEDULE, ORIGIN),
}
SERVICES = {name: units.service(job) for name, job in JOBS.items()}
SERVICES["restore"] = units.service(RequestedJob(RESTORE, "nightly", ("app1",), ORIGIN))
SERVICES["needed"] = units.condition_service(JOBS["data_care"])


def settings(text: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))


def test_a_timer_is_due_to_the_second_and_makes_up_for_what_it_missed() -> None:
    either = replace(PRUNE_SCHEDULE, text="100 % of\nthe days", month_days=(1,), week_days=(0,), either_day=True)
    due = ("*-*-01 06:30:00 Asia/Shanghai", "Sun *-*-* 06:30:00 Asia/Shanghai")
    assert units.timer(replace(JOBS["backup"], schedule=either), "Asia/Shanghai") == (
        "# Written by opspact; changes made here do not last.\n"
        "\n[Unit]\nDescription=opspact backup nightly: 100 %% of the days\n"
        f"\n[Timer]\nOnCalendar={due[0]}\nOnCalendar={due[1]}\nPersistent=true\nAccuracySec=1s\n"
        "\n[Install]\nWantedBy=timers.target\n"
    )


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("backup", "/usr/local/lib/opspact/backup.py /etc/opspact/backup/nightly.json"),
        ("prune", "/usr/local/lib/opspact/repository.py /etc/opspact/prune/nightly.json prune"),
        ("drill", "/usr/local/lib/opspact/drill.py /etc/opspact/drill/nightly.json"),
    ],
)
def test_a_service_runs_its_program_once_and_writes_only_where_it_must(name: str, command: str) -> None:
    said = settings(SERVICES[name])
    assert (said["Type"], said["ExecStart"]) == ("oneshot", f"/usr/bin/python3 {command}")
    assert (said["ProtectSystem"], said["NoNewPrivileges"]) == ("strict", "yes")


def test_an_inspection_is_compiled_only_when_its_program_has_changed(tmp_path: Path) -> None:
    words = shlex.split(settings(SERVICES["inspection"])["ExecStart"])
    assert (words[0], words[-1]) == ("/usr/bin/python3", "/etc/opspact/inspection/daily.json")
    program, cache = tmp_path / "inspection.py", tmp_path / "cache"
    code = words[-2].replace(names.program("inspection"), str(program)).replace(names.PROGRAM_CACHE, str(cache))
    command = [sys.executable, *words[1:-2], code, "daily.json"]

    def run(text: str) -> list[str]:
        program.write_text(
            f"import sys, json\n{text}\nsys.stdout.write(repr((__name__, sys.argv[1:], sys.pycache_prefix)))"
        )
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr, done.stdout) == (0, "", "('__main__', ['daily.json'], None)")
        return [str(path.relative_to(cache)) for path in cache.rglob("*.pyc")]

    (compiled,) = run("a = 1")
    assert compiled.endswith(f"/inspection.{sys.implementation.cache_tag}.pyc")
    before = (cache / compiled).read_bytes()
    assert run("a = 2  # longer than it was") == [compiled]
    assert (cache / compiled).read_bytes() != before


def test_the_server_job_runs_as_the_account_without_any_capability() -> None:
    said = settings(SERVICES["prune"])
    assert (said["User"], said["CapabilityBoundingSet"], said["ReadWritePaths"]) == (
        "opspact-backup",
        "",
        "/srv/opspact-backup",
    )


def test_a_restore_test_may_write_scratch_and_leaves_nothing_there_whatever_ended_it() -> None:
    said = settings(SERVICES["drill"])
    assert (said["User"], said["CapabilityBoundingSet"]) == ("opspact-backup", "")
    assert said["ReadWritePaths"].split() == ["/srv/opspact-backup", "/srv/opspact-scratch"]
    assert said["ExecStopPost"] == f"-{said['ExecStart']} remove"
    assert "ExecStopPost" not in SERVICES["prune"] + SERVICES["backup"]


def test_a_restore_writes_what_is_asked_for_and_leaves_nothing_half_done_whatever_ended_it() -> None:
    said = settings(SERVICES["restore"])
    assert said["ExecStart"] == "/usr/bin/python3 /usr/local/lib/opspact/restore.py /etc/opspact/restore/nightly.json"
    assert said["ExecStopPost"] == f"-{said['ExecStart']} remove"
    assert (said["ProtectSystem"], said["RestrictSUIDSGID"], said["NoNewPrivileges"]) == ("no", "no", "yes")
    assert "User" not in said
    assert "postgresql.service" in said["After"]


@pytest.mark.parametrize(("name", "limit"), [("inspection", "900s"), ("backup", "172800s"), ("prune", "43200s")])
def test_a_run_that_hangs_is_ended_after_the_time_limit_of_its_kind(name: str, limit: str) -> None:
    assert settings(SERVICES[name])["TimeoutStartSec"] == limit


@pytest.mark.parametrize("name", JOBS)
def test_a_job_may_write_its_spool(name: str) -> None:
    assert settings(SERVICES[name])["StateDirectory"].split()[0] == f"opspact/spool/{name}"
    assert names.spool(JOBS[name].key).startswith(f"/var/lib/opspact/spool/{name}/")


def test_a_backup_sees_the_whole_host() -> None:
    said = settings(SERVICES["backup"])
    assert {"PrivateTmp", "ProtectHome", "CapabilityBoundingSet"} & set(said) == set()


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd on this machine to read units with")
def test_systemd_understands_every_line(name: str, tmp_path: Path) -> None:
    text = SERVICES[name].replace("=/usr/bin/python3", "=/bin/true").replace("User=opspact-backup", "User=root")
    unit = tmp_path / f"opspact-{name}.service"
    unit.write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if unit.name in line] == []


def test_what_takes_the_data_for_right_does_not_run_while_the_host_is_rebuilt() -> None:
    held = {name for name, text in SERVICES.items() if f"\nConditionPathExists=!{names.REBUILDING}\n" in text}
    assert held == {"backup", "data_care", "needed"}
