"""What an inspection says of each thing that it looks at, from recorded outputs and real answers."""

import calendar
import json
import time

from inspecting import look, one
from programs import Machine


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
