"""The texts of timers and services; the lab tests run them, systemd-analyze reads them here where it is installed."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from opspact.compile import units

SERVICES = {
    "inspection": units.inspection_service("daily"),
    "backup": units.backup_service("nightly"),
    "prune": units.repository_service("nightly", "prune", account="opspact-backup", base="/srv/opspact-backup"),
}


def settings(text: str) -> dict[str, str]:
    return dict(re.findall(r"^(\w+)=(.*)$", text, re.MULTILINE))


def test_a_timer_is_due_to_the_second_and_makes_up_for_what_it_missed() -> None:
    due = ("*-*-01 02:00:00 Asia/Shanghai", "Sun *-*-* 02:00:00 Asia/Shanghai")
    assert units.timer("100 % of\nthe backups", due) == (
        "# Written by opspact; changes made here do not last.\n"
        "\n[Unit]\nDescription=100 %% of the backups\n"
        f"\n[Timer]\nOnCalendar={due[0]}\nOnCalendar={due[1]}\nPersistent=true\nAccuracySec=1s\n"
        "\n[Install]\nWantedBy=timers.target\n"
    )


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("inspection", "/usr/local/lib/opspact/inspection.py /etc/opspact/inspection/daily.json"),
        ("backup", "/usr/local/lib/opspact/backup.py /etc/opspact/backup/nightly.json"),
        ("prune", "/usr/local/lib/opspact/repository.py /etc/opspact/repository/nightly.json prune"),
    ],
)
def test_a_service_runs_its_program_once_and_writes_only_where_it_must(name: str, command: str) -> None:
    said = settings(SERVICES[name])
    assert (said["Type"], said["ExecStart"]) == ("oneshot", f"/usr/bin/python3 {command}")
    assert (said["ProtectSystem"], said["NoNewPrivileges"]) == ("strict", "yes")


def test_the_server_job_runs_as_the_account_without_any_capability() -> None:
    said = settings(SERVICES["prune"])
    assert (said["User"], said["CapabilityBoundingSet"], said["ReadWritePaths"]) == (
        "opspact-backup",
        "",
        "/srv/opspact-backup",
    )


def test_a_backup_sees_the_whole_host() -> None:
    said = settings(SERVICES["backup"])
    assert {"PrivateTmp", "ProtectHome", "CapabilityBoundingSet"} & set(said) == set()


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd on this machine to read units with")
def test_systemd_understands_every_line(name: str, tmp_path: Path) -> None:
    text = (
        SERVICES[name]
        .replace("ExecStart=/usr/bin/python3", "ExecStart=/bin/true")
        .replace("User=opspact-backup", "User=root")
    )
    unit = tmp_path / f"opspact-{name}.service"
    unit.write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", unit], capture_output=True, text=True, check=False)
    assert [line for line in done.stderr.splitlines() if unit.name in line] == []
