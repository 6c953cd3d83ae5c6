"""When a copy counts as restored: against a borg that gives what is written down, and a PostgreSQL that says it."""

import fcntl
import json
import os
from pathlib import Path

import pytest
from drill_server import DUMP, FILES, HELD, HOUR, ROWS, Server
from programs import Machine

from opspact.onhost.copy_record import decode_record, encode_record

pytestmark = pytest.mark.slow


@pytest.fixture
def server(machine: Machine) -> Server:
    return Server(machine)


def test_the_newest_copy_is_restored_counted_and_noted_and_nothing_of_it_stays(server: Server) -> None:
    server.add("a1", age=20 * HOUR)
    name = server.add("a2")
    status, item = server.run()
    assert (status, item["verdict"], item["problem"]) == (0, "ok", ""), item["message"]
    assert (item["item"], item["subject"], item["repository"]) == ("restore", "host/db1", "main")
    assert (item["archive"]["name"], item["archive"]["id"], item["files"]) == (name, "a2", 3)
    assert HOUR <= item["age_seconds"] < HOUR + 60
    assert (item["compared"], item["seed"]) == (3, "")
    assert item["manifest"] == {"sha256": HELD["manifest"]["sha256"], "files": 3, "unchecked": 0}
    assert "3 files, 3 compared" in item["message"]
    (database,) = item["databases"]
    assert (database["name"], database["tables"], database["rows"]) == ("oa", 2, 1300)
    assert database["newest_record"] == "2026-03-01T12:00:00Z"
    assert server.passed["nightly"]["id"] == "a2"
    asked = (server.repository / "asked").read_text()
    assert f"extract --lock-wait 600 --noacls --noxattrs --noflags {server.repository}::{name}" in asked


def test_a_full_disk_hinders_no_restore_test(server: Server) -> None:
    server.add("a1")
    (server.repository / "full").write_text('File "borg/locking.py"\nOSError: [Errno 28] No space left on device')
    assert server.run()[0] == 0


@pytest.mark.parametrize(
    ("words", "verdict"),
    [
        ("1 srv/a: 1 chunks are missing, replaced by zeros", "critical"),
        ("2 Data integrity error: Segment entry checksum mismatch", "critical"),
        ("2 Failed to create/acquire the lock /srv/lock.exclusive (timeout).", "unknown"),
        ("2 No space left on device", "unknown"),
    ],
)
def test_whatever_borg_complains_of_is_no_restore(server: Server, words: str, verdict: str) -> None:
    server.add("a1")
    server.fails(words)
    status, item = server.run()
    assert (status, item["verdict"]) == (1, verdict)
    assert words.partition(" ")[2].rstrip(".") in item["message"]
    assert server.nothing_passed()


def test_a_file_that_does_not_come_back_is_missed(server: Server) -> None:
    server.add("a1")
    server.content({name: text for name, text in FILES.items() if name != "srv/a"})
    status, item = server.run()
    assert (status, item["verdict"], "2 files back, of 3" in item["message"]) == (1, "critical", True)


def test_copies_from_before_damage_are_never_restored(server: Server) -> None:
    old = server.add("a1", age=3 * HOUR)
    memory = server.machine.folder / "state/db1/main"
    memory.mkdir(parents=True)
    known = {"key": ["97a6", "hqlhbGdvcml0aG0"], "suspect": [old], "is_damaged": False, "damaged_at": "then"}
    (memory / "memory.json").write_text(json.dumps(known))
    status, item = server.run()
    assert (status, item["verdict"], "since damage was found" in item["message"]) == (1, "critical", True)
    new = server.add("a2")
    assert server.run()[1]["archive"]["name"] == new
    (memory / "memory.json").write_text(json.dumps(known | {"is_damaged": True}))
    assert server.run()[1]["verdict"] == "critical"


def test_where_there_is_nothing_yet_nothing_is_proved(server: Server) -> None:
    assert server.run()[1]["problem"] == "absent"
    server.repository.rename(server.repository.with_name("away"))
    status, item = server.run()
    assert (status, item["verdict"], item["problem"]) == (1, "unknown", "absent")


def test_an_older_copy_without_a_record_is_restored_with_a_warning(server: Server) -> None:
    server.add("a1", record=None)
    status, item = server.run()
    assert (status, item["verdict"], "is not recorded" in item["message"]) == (0, "warning", True)
    server.archives.clear()
    server.add("a2", record={name: value for name, value in HELD.items() if name != "manifest"})
    _, item = server.run()
    assert (item["verdict"], item["compared"], item["manifest"]) == ("warning", 0, None)


@pytest.mark.parametrize(("changed", "words"), [({"rto": 0}, "0 s allowed"), ({"rpo": 60}, "is 1.0 h old")])
def test_a_restore_slower_or_older_than_promised_is_critical(
    server: Server, changed: dict[str, int], words: str
) -> None:
    server.add("a1")
    status, item = server.run(**changed)
    assert (status, item["verdict"], words in item["message"]) == (1, "critical", True), item
    assert server.passed["nightly"]["id"] == "a1"  # the copy itself is good, and retention keeps it


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ({**ROWS, "public.document": 399}, "public.document has 399 rows, had 400"),
        ({"public.document": 400}, "public.audit_trail has no rows, had 900"),
        ({**ROWS, "public.other": 1}, "public.other has 1 rows, had no"),
    ],
)
def test_a_database_with_other_rows_than_when_it_was_dumped_is_critical(
    server: Server, rows: dict[str, int], words: str
) -> None:
    server.add("a1")
    server.postgresql(rows)
    status, item = server.run()
    assert (status, item["verdict"], words in item["message"]) == (1, "critical", True), item


def test_a_dump_with_another_checksum_than_when_it_was_made_is_critical(server: Server) -> None:
    server.add("a1")
    server.content(FILES | {DUMP: "PGDMX"})
    status, item = server.run()
    assert (status, item["verdict"], "another checksum" in item["message"]) == (1, "critical", True)


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ("pg_restore: error: could not read from input file: end of file", "critical"),
        ("pg_restore: error: unsupported version (1.16) in file header", "unknown"),
        ('pg_restore: error: could not execute query: ERROR:  extension "postgis" is not available', "unknown"),
    ],
)
def test_a_dump_that_cannot_be_restored_is_bad_unless_it_is_this_host_that_cannot(
    server: Server, said: str, verdict: str
) -> None:
    server.add("a1")
    server.postgresql(restore=f"echo '{said}' >&2; exit 1")
    status, item = server.run()
    assert (status, item["verdict"], said in item["message"]) == (1, verdict, True)


def test_a_dump_that_is_not_there_is_critical_and_no_postgresql_is_unknown(server: Server) -> None:
    server.add("a1")
    status, item = server.run(clients={"db1": ["oa", "other"]})
    assert (status, item["verdict"], "database other is not in" in item["message"]) == (1, "critical", True)
    status, item = server.run(postgresql=str(server.machine.folder / "nowhere"))
    assert (status, item["verdict"], "no PostgreSQL server" in item["message"]) == (1, "unknown", True)


def test_a_copy_for_which_there_is_no_room_is_not_begun(server: Server) -> None:
    server.add("a1", record=HELD | {"bytes": 2**62})
    status, item = server.run()
    assert (status, item["verdict"], "are needed" in item["message"]) == (1, "unknown", True)
    assert "extract" not in (server.repository / "asked").read_text()


def test_what_a_killed_run_has_left_is_removed_by_the_next_and_by_its_service(server: Server) -> None:
    server.add("a1")
    left = server.scratch / "opspact-drill-0123456789ab"
    (left / "files/closed").mkdir(parents=True)
    (left / "files/closed").chmod(0o500)
    other = server.scratch / "not-ours"
    other.mkdir()
    settings = server.machine.settings(job="drill/nightly", scratch=str(server.scratch))
    assert server.machine.run("drill", settings, "remove").returncode == 0
    assert (left.exists(), other.exists()) == (False, True)
    other.rmdir()
    left.mkdir()
    (server.repository / "closed").touch()
    server.run()
    assert not left.exists()


def test_one_restore_test_at_a_time_uses_the_folder(server: Server) -> None:
    server.add("a1")
    with (server.scratch / ".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        settings = server.machine.settings(job="drill/nightly", scratch=str(server.scratch), clients={}, patience=0)
        done = server.machine.run("drill", settings)
    assert (done.returncode, "another restore test" in done.stderr) == (75, True)


def test_a_client_at_work_is_waited_for_and_then_left_alone(server: Server) -> None:
    server.add("a1")
    with Path(f"{server.repository}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        status, item = server.run()
    assert (status, item["verdict"], item["problem"]) == (1, "unknown", "busy")


def test_links_in_a_copy_lead_nowhere_when_it_is_removed(server: Server, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir(mode=0o500)
    left = server.scratch / "opspact-drill-0123456789ab"
    left.mkdir()
    (left / "link").symlink_to(kept)
    settings = server.machine.settings(job="drill/nightly", scratch=str(server.scratch))
    assert server.machine.run("drill", settings, "remove").returncode == 0
    assert (left.exists(), kept.stat().st_mode & 0o777) == (False, 0o500)


@pytest.mark.parametrize(
    "comment", ["", "by hand", "opspact1:", "opspact1:AAAA", "opspact1:*", "opspact1:eJwDAAAAAAE="]
)
def test_a_comment_that_holds_no_record_gives_none(comment: str) -> None:
    assert decode_record(comment) == {}


def test_a_record_comes_back_as_it_was_written_unless_it_is_too_long() -> None:
    record = {"files": 3, "databases": {"办公": {"rows": {"public.文件": 400}}}}
    assert decode_record(encode_record(record)) == record
    assert set(encode_record(record)) & set("{}% ") == set()
    noise = {str(number): os.urandom(8).hex() for number in range(5000)}
    assert encode_record(noise) == ""
