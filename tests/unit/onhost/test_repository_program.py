"""When a backup server prunes and when it keeps its hands off: against a borg that keeps its archives in a file."""

import fcntl
import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from programs import Machine

pytestmark = pytest.mark.slow

BORG = r"""
import fnmatch, json, sys, time
from pathlib import Path
arguments = sys.argv[1:]
deleted = arguments[3:] if arguments[0] == "delete" else []
repository = Path(deleted[0].split("::")[0] if deleted else arguments[-1])
archives = json.loads((repository / "archives").read_text())
with (repository / "asked").open("a") as asked:
    asked.write(" ".join(arguments[:-1]) + "\n")
if arguments[0] == "list":
    print(json.dumps({"archives": [{"id": id_, **archive} for id_, archive in archives.items()]}))
elif arguments[0] == "prune":
    glob = arguments[arguments.index("--glob-archives") + 1]
    in_time = sorted(archives.items(), key=lambda pair: pair[1]["time"])
    doomed = [id_ for id_, one in in_time if fnmatch.fnmatchcase(one["name"], glob)]
    doomed = doomed[:-1] if not glob.startswith("unproven") else []
    assert "--dry-run" in arguments
    for id_ in doomed:
        print(f"Would prune:     {archives[id_]['name']}   Mon, 2026-11-23 [{id_}]", file=sys.stderr)
elif arguments[0] == "delete":
    names = [deleted[0].split("::")[1], *deleted[1:]]
    left = {id_: one for id_, one in archives.items() if one["name"] not in names}
    assert len(left) == len(archives) - len(names)
    (repository / "archives").write_text(json.dumps(left))
elif arguments[0] == "check" and (repository / "crashes").exists():
    for line in ("Data integrity error: Archive authentication did not verify", "Traceback (most recent call last):",
                 "  File …", "", "Platform: Linux", "PID: 1  CWD: /", "SSH_ORIGINAL_COMMAND: None"):
        print(line, file=sys.stderr)
    sys.exit(2)
elif arguments[0] == "check" and (repository / "locked").exists():
    print("Failed to create/acquire the lock /srv/lock.exclusive (timeout).", file=sys.stderr)
    sys.exit(2)
elif arguments[0] == "check" and (repository / "damaged").exists():
    print("Data integrity error: Segment entry checksum mismatch", file=sys.stderr)
    sys.exit(1)
"""
HOUR, DAY = 3600, 86400


def stamped(age: float) -> str:
    """Return the name of an archive that is so many seconds old."""
    return f"nightly-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime(time.time() - age))}"


class Server:
    """A backup server with one client's repository."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.repository = machine.folder / "base/db1/main"
        self.repository.mkdir(parents=True)
        (self.repository / "config").write_text("[repository]\nid = 97a6\nkey = hqlhbGdvcml0aG0\n")
        self.archives: dict[str, dict[str, str]] = {}
        self.save()
        (machine.folder / "borg.py").write_text(BORG)
        machine.command("borg", f'exec {sys.executable} -I -S {machine.folder}/borg.py "$@"')

    def add(self, id_: str, *, age: float = 0, policy: str = "nightly", name: str = "") -> str:
        """Add an archive that is `age` seconds old; return its name."""
        at = time.gmtime(time.time() - age)
        self.archives = json.loads((self.repository / "archives").read_text())
        name = name or f"{policy}-{time.strftime('%Y%m%dT%H%M%SZ', at)}"
        self.archives[id_] = {"name": name, "time": time.strftime("%Y-%m-%dT%H:%M:%S.000000", at)}
        self.save()
        return name

    def delete(self, id_: str) -> None:
        self.archives = json.loads((self.repository / "archives").read_text())
        del self.archives[id_]
        self.save()

    def save(self) -> None:
        (self.repository / "archives").write_text(json.dumps(self.archives))

    @property
    def left(self) -> list[str]:
        return sorted(json.loads((self.repository / "archives").read_text()))

    @property
    def asked(self) -> str:
        path = self.repository / "asked"
        return path.read_text() if path.exists() else ""

    @property
    def outcome(self) -> str:
        return str(self.machine.newest("prune/main")["outcome"])

    def run(self, action: str, *clients: str, **changed: object) -> tuple[int, dict[str, Any]]:
        settings = {
            "job": "prune/main",
            "base": str(self.machine.folder / "base"),
            "state": str(self.machine.folder / "state"),
            "repository": "main",
            "clients": ["db1"],
            "policies": {"nightly": {"keep": {"daily": 1}, "rpo": 2 * DAY}},
            "passphrase_path": "/etc/opspact/repository/main.passphrase",
            "patience": 0,
        }
        done = self.machine.run("repository", self.machine.settings(**settings | changed), action, *clients)
        assert "Traceback" not in done.stderr
        result = self.machine.newest("prune/main")
        return done.returncode, next(one for one in result["items"] if one["client"] == "db1")


@pytest.fixture
def server(machine: Machine) -> Server:
    return Server(machine)


def test_what_the_keep_rules_drop_is_pruned_and_remembered(server: Server) -> None:
    old = server.add("a1", age=2 * DAY)
    new = server.add("a2", age=60)
    status, one = server.run("prune")
    assert (status, one["verdict"], one["pruned"], one["archives"]) == (0, "ok", [old], 1)
    assert (one["item"], one["subject"], one["problem"], server.outcome) == ("repository", "db1/main", "", "done")
    assert one["copies"]["nightly"]["name"] == new
    assert server.left == ["a2"]
    assert (
        "prune --lock-wait 600 --dry-run --list --glob-archives nightly-????????T??????Z --keep-daily=1" in server.asked
    )
    assert "compact" in server.asked
    assert server.run("prune")[1]["verdict"] == "ok"


def test_the_newest_copy_that_passed_a_restore_test_is_kept_whatever_the_rules_say(server: Server) -> None:
    old, passed = server.add("a1", age=3 * DAY), server.add("a2", age=2 * DAY)
    new = server.add("a3", age=60)
    memory = server.machine.folder / "state/db1/main"
    memory.mkdir(parents=True)
    (memory / "passed.json").write_text(json.dumps({"nightly": {"id": "a2", "name": passed}}))
    _, one = server.run("prune")
    assert (one["verdict"], one["pruned"], server.left) == ("ok", [old], ["a2", "a3"])
    (memory / "passed.json").write_text(json.dumps({"nightly": {"id": "a3", "name": new}}))
    assert server.run("prune")[1]["pruned"] == [passed]


def test_a_manifest_goes_with_its_copy_and_counts_for_none(server: Server) -> None:
    old, new = server.add("a1", age=2 * DAY), server.add("a2", age=60)
    for id_, name in (("m1", old), ("m2", new), ("m3", unproven := stamped(HOUR)), ("m4", stamped(3 * DAY))):
        server.add(id_, name=f"{name}.manifest")
    server.add("u1", age=HOUR, name=f"unproven-{unproven}")  # its manifest is made before it gets its name
    _, one = server.run("check")
    assert (one["verdict"], one["archives"], one["suspect"]) == ("ok", 3, [])
    _, one = server.run("prune")
    assert (one["verdict"], one["pruned"], one["archives"]) == ("ok", [old], 2)
    assert server.left == ["a2", "m2", "m3", "u1"]


def test_a_manifest_that_vanished_is_critical_and_damage_makes_none_suspect(server: Server) -> None:
    copy = server.add("a1", age=60)
    server.add("m1", name=f"{copy}.manifest")
    server.run("prune")
    mark = damage(server)
    assert server.run("check")[1]["affected"] == [copy]
    mark.unlink()
    server.run("check")
    server.delete("m1")
    _, one = server.run("prune")
    assert (one["verdict"], one["problem"], one["affected"]) == ("critical", "vanished", [f"{copy}.manifest"])


def test_with_nothing_to_prune_nothing_is_written(server: Server) -> None:
    server.add("a1", age=60)
    server.run("prune")
    assert "compact" not in server.asked
    assert server.asked.count("prune") == server.asked.count("--dry-run")


@pytest.mark.parametrize("action", ["prune", "check"])
def test_an_archive_that_vanished_is_critical_until_somebody_accepts_it(server: Server, action: str) -> None:
    gone = server.add("a1", age=DAY)
    server.add("a2", age=60)
    server.run("check")
    server.delete("a1")
    for _ in range(2):
        status, one = server.run(action)
        assert (status, one["verdict"], gone in one["message"]) == (1, "critical", True)
        assert (one["client"], one["repository"], one["problem"]) == ("db1", "main", "vanished")
        assert one["affected"] == [gone]
        assert server.outcome == "failed"
    assert "compact" not in server.asked
    assert server.run("accept", "db1")[0] == 0
    assert server.run(action)[1]["verdict"] == "ok"


def test_an_archive_replaced_by_another_of_its_name_has_vanished(server: Server) -> None:
    name = server.add("a1", age=60)
    server.run("prune")
    server.delete("a1")
    server.add("b1", age=60, name=name)
    status, one = server.run("prune")
    assert (status, f"{name} (replaced by another archive with this name)" in one["message"]) == (1, True)


@pytest.mark.parametrize(("age", "words"), [(30 * DAY, "have a time in the past"), (-2 * DAY, "in the future")])
def test_archives_with_false_times_are_critical(server: Server, age: float, words: str) -> None:
    server.add("a1", age=60)
    server.run("prune")
    server.add("b1", age=age)
    status, one = server.run("prune")
    assert (status, one["verdict"], words in one["message"]) == (1, "critical", True)
    assert server.left == ["a1", "b1"]


def test_the_first_look_takes_old_archives_for_what_they_are(server: Server) -> None:
    server.add("a1", age=30 * DAY)
    server.add("a2", age=60)
    assert server.run("check")[1]["verdict"] == "ok"


def test_unproven_archives_come_and_go_and_count_for_nothing(server: Server) -> None:
    server.add("a1", age=60)
    server.add("u1", age=50, name="unproven-nightly-20261123T000000Z")
    server.run("check")
    server.delete("u1")
    assert server.run("prune")[1]["verdict"] == "ok"
    assert "--glob-archives unproven-* --keep-within=30d" in server.asked


def test_a_replaced_key_is_critical_before_borg_is_asked(server: Server) -> None:
    server.add("a1", age=60)
    server.run("check")
    before = server.asked
    (server.repository / "config").write_text("[repository]\nid = 97a6\nkey = another\n")
    status, one = server.run("prune")
    assert (status, one["verdict"], "key was replaced" in one["message"]) == (1, "critical", True)
    assert server.asked == before


def test_an_interrupted_prune_of_our_own_is_no_tampering(server: Server) -> None:
    server.add("a1", age=DAY)
    server.add("a2", age=60)
    server.run("check")
    (memory,) = (server.machine.folder / "state").rglob("memory.json")
    remembered = json.loads(memory.read_text())
    memory.write_text(json.dumps(remembered | {"pruning": ["a1"]}))
    server.delete("a1")
    assert server.run("prune")[1]["verdict"] == "ok"


def test_a_repository_in_use_is_left_for_the_next_time(server: Server) -> None:
    server.add("a1", age=60)
    with Path(f"{server.repository}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        status, one = server.run("prune")
    assert (status, one["verdict"], "still open" in one["message"]) == (0, "warning", True)
    assert (one["problem"], server.outcome) == ("busy", "skipped")
    assert server.asked == ""


def test_a_missing_repository_is_a_warning_at_first_and_critical_once_it_was_there(server: Server) -> None:
    away = server.repository.with_name("away")
    server.repository.rename(away)
    assert server.run("prune")[1]["verdict"] == "warning"
    away.rename(server.repository)
    server.run("check")
    server.repository.rename(away)
    assert server.run("prune")[1]["verdict"] == "critical"


def test_a_damaged_repository_is_critical_and_data_is_read_when_asked(server: Server) -> None:
    server.add("a1", age=60)
    assert server.run("check", verify_data=True)[1]["verdict"] == "ok"
    assert "check --lock-wait 600 --verify-data" in server.asked
    (server.repository / "damaged").touch()
    status, one = server.run("check")
    assert (status, one["verdict"], "checksum mismatch" in one["message"]) == (1, "critical", True)
    assert (one["problem"], server.outcome) == ("damaged", "failed")


def damage(server: Server) -> Path:
    """Have checks find damage, which one does; return the file whose removal is the repair."""
    mark = server.repository / "damaged"
    mark.touch()
    assert server.run("check")[1]["problem"] == "damaged"
    return mark


def test_what_was_there_when_damage_was_found_is_suspect_for_good_and_what_comes_later_is_not(server: Server) -> None:
    old = server.add("a1", age=2 * HOUR)
    server.add("u1", age=HOUR, name=f"unproven-{(unproven := stamped(HOUR))}")
    mark = damage(server)
    assert server.run("check")[1]["affected"] == sorted([old, unproven])
    during = server.add("a2", age=1800)
    mark.unlink()
    status, one = server.run("check")
    assert (status, one["verdict"], one["problem"], one["copies"]["nightly"]) == (1, "critical", "", None)
    assert "no backup of nightly since damage was found" in one["message"]
    assert one["suspect"] == sorted([old, unproven, during])
    assert one["damaged_at"].endswith("Z")
    server.delete("u1")
    server.add("u2", age=HOUR, name=unproven)  # proved later, under another id
    new = server.add("a3", age=60)
    for action, *client in (("check",), ("accept", "db1")):
        one = server.run(action, *client)[1]
        assert (one["verdict"], one["copies"]["nightly"]["name"]) == ("ok", new)
        assert one["suspect"] == sorted([old, unproven, during])
    one = server.run("prune")[1]
    assert (one["verdict"], one["suspect"], one["pruned"]) == ("ok", [], sorted([old, unproven, during]))


def test_nothing_is_pruned_until_a_damaged_repository_is_found_sound(server: Server) -> None:
    old, new = server.add("a1", age=2 * DAY), server.add("a2", age=60)
    mark = damage(server)
    asked = server.asked
    mark.unlink()  # a repair that no check has confirmed
    status, one = server.run("prune")
    assert (status, one["verdict"], one["problem"], one["affected"]) == (1, "critical", "damaged", sorted([old, new]))
    assert "prune" not in server.asked[len(asked) :]
    server.run("check")
    assert server.run("prune")[1]["pruned"] == [old]


def test_a_check_that_could_not_look_makes_nothing_suspect(server: Server) -> None:
    server.add("a1", age=60)
    (server.repository / "locked").touch()
    status, one = server.run("check")
    assert (status, one["verdict"], one["problem"]) == (1, "unknown", "error")
    (server.repository / "locked").unlink()
    assert server.run("check")[1]["suspect"] == []


def test_the_reason_of_a_borg_that_crashes_is_what_it_says_before_its_traceback(server: Server) -> None:
    server.add("a1", age=60)
    (server.repository / "crashes").touch()
    message = server.run("check")[1]["message"]
    assert message.rstrip(".").endswith(
        "borg check ended with 2: Data integrity error: Archive authentication did not verify"
    )


@pytest.mark.parametrize(("age", "state"), [(DAY, "ok"), (3 * DAY, "critical")])
def test_a_newest_backup_older_than_promised_is_critical(server: Server, age: float, state: str) -> None:
    server.add("a1", age=age)
    assert server.run("prune")[1]["verdict"] == state


def test_a_policy_without_any_backup_yet_is_a_warning(server: Server) -> None:
    server.add("a1", age=60)
    policies: dict[str, object] = {"nightly": {"keep": {"daily": 1}}}
    weekly = {"keep": {"weekly": 1}, "rpo": 700_000}
    status, one = server.run("prune", policies={**policies, "weekly": weekly})
    assert (status, one["verdict"], one["copies"]["weekly"]) == (0, "warning", None)
    assert "there is no backup of weekly yet" in one["message"]
    status, one = server.run("prune", policies={**policies, "purge": {"keep": {"within": "24m"}}})
    assert (status, one["verdict"]) == (0, "ok"), "rows are archived when there are some"


def test_clients_that_left_the_policy_are_still_looked_after(server: Server) -> None:
    server.add("a1", age=60)
    assert server.run("prune", clients=[])[1]["verdict"] == "ok"


def test_accepting_one_client_says_how_the_others_stand(server: Server) -> None:
    """The newest result speaks for all clients: what is wrong with another one is not forgotten in it."""
    server.add("a1", age=60)
    other = server.repository.parents[1] / "app1" / "main"
    other.mkdir(parents=True)
    for name in ("config", "archives"):
        (other / name).write_text((server.repository / name).read_text())
    server.run("prune")
    (other / "archives").write_text("{}")
    server.delete("a1")
    assert server.run("prune")[0] == 1
    status, one = server.run("accept", "db1")
    items = {item["client"]: item for item in server.machine.newest("prune/main")["items"]}
    assert (status, one["verdict"], one["action"]) == (1, "warning", "accept")
    assert (items["app1"]["verdict"], items["app1"]["problem"]) == ("critical", "vanished")


def test_a_borg_that_fails_makes_the_repository_unknown(server: Server) -> None:
    server.machine.command("borg", "echo 'no such thing' >&2; exit 2")
    status, one = server.run("prune")
    assert (status, one["verdict"], one["problem"], server.outcome) == (1, "unknown", "error", "failed")


def test_only_accept_names_clients(server: Server) -> None:
    for arguments in (("prune", "db1"), ("accept",), ("compact",), ()):
        done = server.machine.run("repository", server.machine.settings(), *arguments)
        assert (done.returncode, done.stderr.startswith("usage:")) == (2, True)
