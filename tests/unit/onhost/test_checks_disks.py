"""What an inspection says of disks' health, from what smartctl 7.3 prints, shortened to what is read of it."""

import json
from typing import Any

import pytest
from inspecting import look
from programs import Machine

ATA = {"name": "/dev/sda", "info_name": "/dev/sda [SAT]", "type": "sat", "protocol": "ATA"}
NVME = {"name": "/dev/nvme0", "info_name": "/dev/nvme0", "type": "nvme", "protocol": "NVMe"}
VOLUME = {
    "name": "/dev/sda",
    "type": "scsi",
    "open_error": "DELL or MegaRaid controller, please try adding '-d megaraid,N'",
}
BEHIND = [
    {"name": "/dev/bus/0", "info_name": f"/dev/bus/0 [megaraid_disk_0{number}]", "type": f"megaraid,{number}"}
    for number in range(2)
]
PASSED = {"smart_support": {"available": True, "enabled": True}, "smart_status": {"passed": True}}


def attribute(number: int, name: str, raw: int, *, when_failed: str = "") -> dict[str, Any]:
    flags = {"value": 51, "string": "PO--CK ", "prefailure": True, "updated_online": True}
    own = {"value": 100, "worst": 100, "thresh": 10, "when_failed": when_failed, "flags": flags}
    return {"id": number, "name": name, **own, "raw": {"value": raw, "string": str(raw)}}


def of_ata(*table: dict[str, Any], passed: bool = True) -> dict[str, Any]:
    attributes = {"revision": 16, "table": [attribute(194, "Temperature_Celsius", 34), *table]}
    return {**PASSED, "smart_status": {"passed": passed}, "ata_smart_attributes": attributes}


def of_nvme(*, warning: int = 0, used: int = 3, errors: int = 0) -> dict[str, Any]:
    log = {"critical_warning": warning, "available_spare": 99, "percentage_used": used, "media_errors": errors}
    status = {"passed": not warning, "nvme": {"value": warning}}
    return {"smart_status": status, "nvme_smart_health_information_log": log}


def answers(machine: Machine, devices: list[dict[str, Any]], said: dict[str, Any], *, status: int = 0) -> None:
    """Have smartctl find devices, and say the same of each, with an exit status that is in its output, too."""
    messages = said.pop("messages", [])
    found = {"json_format_version": [1, 0], "smartctl": {"version": [7, 3], "exit_status": 0}}
    if devices:
        found["devices"] = devices
    shown = {"smartctl": {"version": [7, 3], "messages": messages, "exit_status": status}, **said}
    (machine.folder / "scan.json").write_text(json.dumps(found))
    (machine.folder / "said.json").write_text(json.dumps(shown))
    keep = f'echo "$@" >> {machine.folder}/asked'
    machine.command(
        "smartctl",
        f'{keep}; case "$1" in --scan-open) cat {machine.folder}/scan.json;; '
        f"*) cat {machine.folder}/said.json; exit {status};; esac",
    )


def verdicts(machine: Machine, **limits: object) -> dict[str, str]:
    seen = look(machine, {"item": "disk_health", **limits})
    return {f"{item['item']} {item['subject']}".strip(): item["verdict"] for item in seen}


def error(text: str) -> dict[str, Any]:
    return {"messages": [{"string": text, "severity": "error"}]}


@pytest.mark.parametrize(
    ("said", "status", "expected"),
    [
        (of_ata(attribute(5, "Reallocated_Sector_Ct", 0)), 0, {"disk_health": "ok", "disk_defects": "ok"}),
        (
            of_ata(attribute(5, "Reallocated_Sector_Ct", 3), attribute(197, "Current_Pending_Sector", 8)),
            0,
            {"disk_health": "ok", "disk_defects": "warning"},
        ),
        (
            of_ata(attribute(3, "Spin_Up_Time", 9, when_failed="past")),
            32,
            {"disk_health": "warning", "disk_defects": "ok"},
        ),
        (
            of_ata(attribute(5, "Reallocated_Sector_Ct", 900, when_failed="now"), passed=False),
            24,
            {"disk_health": "critical", "disk_defects": "critical"},
        ),
        (of_nvme(), 0, {"disk_health": "ok", "disk_defects": "ok", "disk_wear": "ok"}),
        (of_nvme(used=91, errors=7), 0, {"disk_health": "ok", "disk_defects": "warning", "disk_wear": "warning"}),
        (of_nvme(warning=4), 8, {"disk_health": "critical", "disk_defects": "ok", "disk_wear": "ok"}),
        ({**PASSED, "scsi_grown_defect_list": 56}, 0, {"disk_health": "ok", "disk_defects": "warning"}),
        ({**PASSED}, 4, {"disk_health": "ok"}),
        (error("/dev/sda: Unable to detect device type"), 1, {"disk_health": "unknown"}),
        (error("Smartctl open device: /dev/sda failed: Permission denied"), 2, {"disk_health": "unknown"}),
        ({"smart_support": {"available": True}, **error("Read SMART Data failed")}, 4, {"disk_health": "unknown"}),
    ],
)
def test_a_device_is_judged_by_what_it_says_and_unknown_if_it_cannot_be_asked(
    machine: Machine, said: dict[str, Any], status: int, *, expected: dict[str, str]
) -> None:
    answers(machine, [ATA], dict(said), status=status)
    found = verdicts(machine, defects={"warn": 1, "critical": 100}, wear={"warn": 80.0})
    assert found == {"disks": "ok", **{f"{item} /dev/sda": verdict for item, verdict in expected.items()}}
    assert (machine.folder / "asked").read_text().splitlines()[1] == "-i -H -A -j -d sat /dev/sda"


@pytest.mark.parametrize(
    ("devices", "said", "shown"),
    [
        ([], {}, "No device reports its health."),
        (
            [ATA],
            {"smart_support": {"available": False}},
            "No device reports its health. These report nothing: /dev/sda.",
        ),
        ([VOLUME], {}, "No device reports its health. These report nothing: /dev/sda."),
    ],
)
def test_that_no_device_reports_its_health_is_said_so(
    machine: Machine, devices: list[dict[str, Any]], said: dict[str, Any], *, shown: str
) -> None:
    answers(machine, devices, said)
    (seen,) = look(machine, {"item": "disk_health"})
    assert (seen["item"], seen["verdict"], seen["value"], seen["message"]) == ("disks", "ok", 0, shown)
    assert verdicts(machine, min=1) == {"disks": "critical"}


def test_disks_behind_a_controller_are_told_apart_and_counted(machine: Machine) -> None:
    answers(machine, [VOLUME, *BEHIND, NVME], of_nvme())
    seen = verdicts(machine, min=3)
    assert [name for name in seen if name.startswith("disk_health")] == [
        "disk_health /dev/bus/0 megaraid,0",
        "disk_health /dev/bus/0 megaraid,1",
        "disk_health /dev/nvme0",
    ]
    assert seen["disks"] == "ok"
    assert verdicts(machine, min=4)["disks"] == "critical"


def test_a_device_that_cannot_be_opened_is_unknown(machine: Machine) -> None:
    answers(machine, [{**ATA, "open_error": "Input/output error"}], {})
    assert verdicts(machine) == {"disk_health /dev/sda": "unknown", "disks": "ok"}


def test_a_host_without_smartctl_is_unknown(machine: Machine) -> None:
    (seen,) = look(machine, {"item": "disk_health"}, only_ours=True)
    assert (seen["item"], seen["verdict"]) == ("disk_health", "unknown")
