"""What a host restores of its copies, and what it refuses: against a borg that gives what is written down.

Databases: on a real PostgreSQL.
"""

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from programs import Machine
from sqlalchemy import Connection, text

from opspact.onhost.copy_record import encode_record

pytestmark = pytest.mark.slow

JOB = "restore/nightly"
BORG = r"""
import fnmatch, json, os, shutil, sys
from pathlib import Path
arguments = sys.argv[1:]
here = Path(os.environ["FAKE_REPOSITORY"])
with (here / "asked").open("a") as asked:
    asked.write(" ".join(arguments) + "\n")
command = arguments[0]
wanted = [word[3:] for word in arguments if word.startswith("pp:")]
content = here / "content"
found = [path for path in sorted(content.rglob("*")) if path.is_file()]
inner = {str(path.relative_to(content)): path for path in found}
meant = {name: path for name, path in inner.items()
         if not wanted or any(name == it or name.startswith(it + "/") for it in wanted)}
if command == "list" and "--json" in arguments:
    print((here / "archives").read_text())
elif command == "list":
    for name, path in inner.items():
        if "/postgresql_databases/" in name:
            print(json.dumps({"type": "-", "path": name, "size": path.stat().st_size}))
elif "--stdout" in arguments:
    for path in meant.values():
        sys.stdout.buffer.write(path.read_bytes())
else:
    for name, path in meant.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, name)
    if wanted and not meant:
        print("Include pattern 'x' never matched.", file=sys.stderr)
        sys.exit(1)
if command == "extract" and (here / "fails").exists():
    status, _, words = (here / "fails").read_text().partition(" ")
    print(words, file=sys.stderr)
    sys.exit(int(status))
if command == "extract" and (here / "hangs").exists():
    (here / "hangs").unlink()
    import time
    time.sleep(600)
"""
FILES = {"etc/hostname": b"db1\n", "srv/oa/a": b"a", "srv/oa/b/c": b"c"}
DUMP = "run/opspact/borgmatic/nightly/postgresql_databases/localhost/oa"
HOUR = 3600


class Host:
    """A host with copies in a repository."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.repository = machine.folder / "repository"
        (self.repository / "content").mkdir(parents=True)
        for name, data in FILES.items():
            self.holds(name, data)
        self.archives: list[dict[str, str]] = []
        (machine.folder / "borg.py").write_text(BORG)
        machine.command("borg", f'exec {sys.executable} -I -S {machine.folder}/borg.py "$@"')

    def holds(self, name: str, data: bytes) -> None:
        path = self.repository / "content" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def copy(self, id_: str, *, age: float = HOUR, **record: Any) -> str:
        """Add a copy; return its name."""
        at = time.gmtime(time.time() - age)
        name = f"nightly-{time.strftime('%Y%m%dT%H%M%SZ', at)}"
        comment = encode_record(record) if record else "ours"
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000000", at)
        self.archives.append({"id": id_, "name": name, "time": stamp, "comment": comment})
        (self.repository / "archives").write_text(json.dumps({"archives": self.archives}))
        return name

    def settings(self) -> Path:
        return self.machine.settings(
            job=JOB,
            policy="nightly",
            repository="ssh://backup/./main",
            environment={"FAKE_REPOSITORY": str(self.repository)},
            state=str(self.machine.folder / "state"),
            request=str(self.machine.folder / "request.json"),
            hold=str(self.machine.folder / "rebuilding"),
            root=str(self.machine.folder / "root"),
            account="",
        )

    def ask(self, **request: Any) -> None:
        (self.machine.folder / "request.json").write_text(json.dumps({"id": "r1", **request}))

    def restore(self, **request: Any) -> tuple[int, dict[str, Any]]:
        if request:
            self.ask(**request)
        done = self.machine.run("restore", self.settings())
        assert "Traceback" not in done.stderr, done.stderr
        assert not (self.machine.folder / "request.json").exists()
        return done.returncode, self.machine.newest(JOB)

    @property
    def target(self) -> Path:
        return self.machine.folder / "restored"

    def leftovers(self) -> list[str]:
        """Return what is left of restores that did not come to their end."""
        state = self.machine.folder / "state"
        return [path.name for path in (*self.machine.folder.glob(".opspact-*"), *state.glob("*"), *state.glob(".o*"))]


@pytest.fixture
def host(machine: Machine) -> Host:
    return Host(machine)


def restored(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_newest_copy_is_restored_to_a_folder_and_counted(host: Host) -> None:
    host.copy("a1", age=20 * HOUR, files=9)
    name = host.copy("a2", files=3, bytes=100)
    status, result = host.restore(folder=str(host.target))
    assert (status, result["outcome"], result["verdict"], result["request"]) == (0, "done", "ok", "r1"), result
    assert (result["archive"]["name"], result["archive"]["id"], result["files"]) == (name, "a2", 3)
    assert HOUR <= result["age_seconds"] < HOUR + 60
    assert restored(host.target) == FILES
    assert host.leftovers() == []


def test_an_empty_folder_keeps_its_owner_and_mode(host: Host) -> None:
    host.copy("a1", files=3)
    host.target.mkdir(mode=0o750)
    before = host.target.stat()
    assert host.restore(folder=str(host.target))[0] == 0
    after = host.target.stat()
    assert (after.st_mode, after.st_uid, after.st_gid) == (before.st_mode, before.st_uid, before.st_gid)
    assert restored(host.target) == FILES


@pytest.mark.parametrize("what", ["file", "full", "link", "relative", "root"])
def test_nothing_that_is_there_is_restored_onto(host: Host, what: str) -> None:
    host.copy("a1", files=3)
    target = {"relative": "restored", "root": "/"}.get(what, str(host.target))
    if what == "file":
        host.target.write_text("mine")
    elif what == "full":
        host.target.mkdir()
        (host.target / "mine").write_text("mine")
    elif what == "link":
        (host.machine.folder / "other").mkdir()
        host.target.symlink_to(host.machine.folder / "other")
    status, result = host.restore(folder=target)
    assert (status, result["outcome"], result["verdict"]) == (1, "failed", "unknown"), result
    assert "extract" not in (host.repository / "asked").read_text()
    assert host.leftovers() == []
    if what == "full":
        assert restored(host.target) == {"mine": b"mine"}


def test_single_files_and_folders_keep_their_paths(host: Host) -> None:
    host.copy("a1", files=3)
    status, result = host.restore(folder=str(host.target), paths=["/srv/oa/b", "/etc//hostname"])
    assert (status, result["verdict"], result["files"]) == (0, "ok", 2), result
    assert restored(host.target) == {"etc/hostname": b"db1\n", "srv/oa/b/c": b"c"}


@pytest.mark.parametrize("path", ["/srv/nothing", "srv", "/"])
def test_a_path_that_is_not_in_the_copy_is_said(host: Host, path: str) -> None:
    host.copy("a1", files=3)
    status, result = host.restore(folder=str(host.target), paths=[path])
    assert (status, result["outcome"], result["verdict"]) == (1, "failed", "unknown"), result
    assert not host.target.exists()
    assert host.leftovers() == []


def test_a_point_in_time_and_suspect_copies_decide_which_copy_it_is(host: Host) -> None:
    oldest = host.copy("a1", age=50 * HOUR, files=3)
    suspect = host.copy("a2", age=30 * HOUR, files=3)
    host.copy("a3", age=HOUR, files=3)
    until = time.time() - 10 * HOUR
    status, result = host.restore(folder=str(host.target), at=until, suspect=[suspect])
    assert (status, result["archive"]["name"]) == (0, oldest), result
    status, result = host.restore(folder=f"{host.target}2", at=until - 90 * HOUR)
    assert (status, "none of the 3 copies" in result["message"]) == (1, True), result
    assert "3 begun after" in result["message"]


def test_the_copy_that_was_chosen_is_restored_though_a_newer_one_came_meanwhile(host: Host) -> None:
    name = host.copy("a1", age=5 * HOUR, files=3)
    host.copy("a2", files=3)
    status, result = host.restore(folder=str(host.target), archive="a1")
    assert (status, result["archive"]["name"]) == (0, name), result
    status, result = host.restore(folder=f"{host.target}2", archive="a1", suspect=[name])
    assert (status, result["outcome"], "1 suspect" in result["message"]) == (1, "failed", True), result
    assert host.restore(folder=f"{host.target}2", archive="a3")[0] == 1


def test_the_copy_is_said_before_anything_is_done(host: Host) -> None:
    name = host.copy("a1", files=3)
    command = host.machine.command_line("restore", host.settings(), "choose")
    environment = {**os.environ, "PATH": f"{host.machine.folder}/bin:{os.environ['PATH']}"}

    def choose(request: dict[str, object]) -> dict[str, Any]:
        asked = json.dumps(request).encode()
        done = subprocess.run(command, input=asked, env=environment, capture_output=True, check=True)
        found: dict[str, Any] = json.loads(done.stdout)
        return found

    found = choose({"folder": str(host.target)})
    assert (found["archive"]["name"], found["record"]) == (name, {"files": 3})
    assert choose({"at": 0})["error"] == "none of the 1 copies can be used: 1 begun after 1970-01-01T00:00:00Z"
    assert not host.target.exists()
    assert host.machine.files(JOB) == []


@pytest.mark.parametrize(
    ("fails", "verdict"),
    [
        ("1 srv/oa/a: all-zero replacement chunk", "critical"),
        ("2 Data integrity error: Segment entry checksum mismatch", "critical"),
        ("1 srv/oa/a: chown: Operation not permitted", "unknown"),
        ("2 Connection closed by remote host", "unknown"),
    ],
)
def test_a_warning_of_borg_is_no_restore_and_nothing_of_it_stays(host: Host, fails: str, verdict: str) -> None:
    host.copy("a1", files=3)
    (host.repository / "fails").write_text(fails)
    status, result = host.restore(folder=str(host.target))
    assert (status, result["outcome"], result["verdict"]) == (1, "failed", verdict), result
    assert not host.target.exists()
    assert host.leftovers() == []


def test_a_copy_of_which_files_are_missing_is_bad(host: Host) -> None:
    host.copy("a1", files=4)
    status, result = host.restore(folder=str(host.target))
    assert (status, result["verdict"], "gave 3 files back, of 4" in result["message"]) == (1, "critical", True), result
    assert not host.target.exists()


def test_a_copy_without_a_record_is_restored_with_a_warning(host: Host) -> None:
    host.copy("a1")
    status, result = host.restore(folder=str(host.target))
    assert (status, result["outcome"], result["verdict"], result["is_compared"]) == (0, "done", "warning", False)
    assert restored(host.target) == FILES


def test_a_request_is_carried_out_once(host: Host) -> None:
    host.copy("a1", files=3)
    assert host.restore(folder=str(host.target))[0] == 0
    status, result = host.restore()
    assert (status, result["outcome"], "nothing is asked for" in result["message"]) == (1, "failed", True), result


def test_a_restore_that_is_killed_leaves_nothing_behind_the_next_start_and_says_so(host: Host) -> None:
    host.copy("a1", files=3)
    (host.repository / "hangs").touch()
    host.ask(folder=str(host.target))
    command = host.machine.command_line("restore", host.settings())
    environment = {**os.environ, "PATH": f"{host.machine.folder}/bin:{os.environ['PATH']}"}
    with subprocess.Popen(command, env=environment, start_new_session=True) as process:
        deadline = time.monotonic() + 20
        while (host.repository / "hangs").exists():
            assert time.monotonic() < deadline
            time.sleep(0.05)
        os.killpg(process.pid, 9)
    assert [name.startswith(".opspact-restore-") for name in host.leftovers()] == [True, False]
    assert not host.target.exists()
    assert host.machine.run("restore", host.settings(), "remove").returncode == 0
    assert host.leftovers() == []
    assert host.restore(folder=str(host.target))[0] == 0
    died, good = host.machine.results(JOB)
    assert (died["died"], died["outcome"], good["outcome"]) == (True, "failed", "done")


def test_in_place_is_for_a_host_that_is_being_rebuilt(host: Host) -> None:
    host.copy("a1", files=3)
    root = host.machine.folder / "root"
    (root / "srv/oa").mkdir(parents=True)
    (root / "srv/oa/a").write_text("of the package")
    status, result = host.restore(in_place=["/srv/oa"])
    assert (status, "only while" in result["message"]) == (1, True), result
    assert restored(root) == {"srv/oa/a": b"of the package"}
    (host.machine.folder / "rebuilding").touch()
    assert host.restore(in_place=["/srv/oa"])[0] == 0
    assert restored(root) == {"srv/oa/a": b"a", "srv/oa/b/c": b"c"}
    assert host.restore(in_place=[])[0] == 1


TABLES = """
CREATE ROLE "Clerk 'A'" NOLOGIN;
CREATE TABLE document (id integer PRIMARY KEY, title text);
INSERT INTO document SELECT n, '文件' || n FROM generate_series(1, 300) AS n;
CREATE TABLE trail (n integer);
ALTER TABLE document OWNER TO "Clerk 'A'";
GRANT SELECT ON trail TO "Clerk 'A'";
COMMENT ON TABLE trail IS 'kept'
"""
ROWS = {"public.document": 300, "public.trail": 0}


@pytest.fixture
def live(host: Host, postgresql: str, postgresql_owner: Connection) -> Host:
    """Return a host with a live database `oa`, of which there is a copy."""
    folder = str(max(Path("/usr/lib/postgresql").glob("*/bin")))
    socket = postgresql.partition("host=")[2]
    path = f"{host.machine.folder}/bin:{folder}:/usr/bin:/bin"
    host.machine.environment.update(PGHOST=socket, PGUSER="auditor", PATH=path)
    for name in ("oa", "oa_restored"):
        postgresql_owner.execute(text(f"DROP DATABASE IF EXISTS {name}"))
    postgresql_owner.execute(text("DROP ROLE IF EXISTS \"Clerk 'A'\""))
    postgresql_owner.execute(text("CREATE DATABASE oa TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'"))
    psql(host, "oa", TABLES)
    psql(host, "oa", "ALTER DATABASE oa SET work_mem TO '7MB'")
    words = ["pg_dump", "--format=custom", "--compress=0", "oa"]
    host.holds(DUMP, subprocess.run(words, env=environment(host), capture_output=True, check=True).stdout)
    return host


def environment(host: Host) -> dict[str, str]:
    return {**os.environ, **host.machine.environment}


def psql(host: Host, database: str, sql: str) -> str:
    words = ["psql", "-XAtqd", database, "-v", "ON_ERROR_STOP=1", "-c", sql]
    done = subprocess.run(words, env=environment(host), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def names_of(host: Host) -> set[str]:
    return {*psql(host, "postgres", "select datname from pg_database").splitlines()} - {"template0", "template1"}


def held(host: Host, **changed: object) -> dict[str, Any]:
    dump = (host.repository / "content" / DUMP).read_bytes()
    facts = {"bytes": len(dump), "sha256": hashlib.sha256(dump).hexdigest(), "rows": ROWS, **changed}
    return {"files": 4, "databases": {"oa": facts}}


def test_a_database_comes_back_under_another_name_with_owners_and_every_row(live: Host) -> None:
    name = live.copy("a1", **held(live))
    status, result = live.restore(database={"name": "oa", "as": "oa_restored"})
    assert (status, result["verdict"], result["is_compared"]) == (0, "ok", True), result
    assert result["archive"]["name"] == name
    assert result["database"] == {"name": "oa_restored", "of": "oa", "tables": 2, "rows": 300, "roles": []}
    assert psql(live, "oa_restored", "select count(*), max(title) from document") == "300|文件99"
    owner = psql(live, "oa_restored", "select tableowner from pg_tables where tablename = 'document'")
    assert owner == "Clerk 'A'"
    assert psql(live, "oa_restored", "select obj_description('trail'::regclass)") == "kept"
    assert psql(live, "oa_restored", "show work_mem") != "7MB"
    assert names_of(live) == {"postgres", "oa", "oa_restored"}
    assert live.leftovers() == []


def test_the_live_name_and_any_other_that_is_there_is_refused(live: Host) -> None:
    live.copy("a1", **held(live))
    psql(live, "oa", "insert into trail values (1)")
    for taken in ("oa", "postgres"):
        status, result = live.restore(database={"name": "oa", "as": taken})
        assert (status, result["verdict"], "already" in result["message"]) == (1, "unknown", True), result
    assert psql(live, "oa", "select count(*) from trail") == "1"
    assert names_of(live) == {"postgres", "oa"}
    assert "extract" not in (live.repository / "asked").read_text()


def test_a_database_that_is_gone_comes_back_with_its_settings_and_its_roles(live: Host) -> None:
    live.copy("a1", **held(live))
    psql(live, "postgres", "drop database oa")
    psql(live, "postgres", "drop role \"Clerk 'A'\"")
    status, result = live.restore(database={"name": "oa", "as": "oa"})
    assert (status, result["verdict"], "does not exist" in result["message"]) == (1, "unknown", True), result
    assert names_of(live) == {"postgres"}
    status, result = live.restore(database={"name": "oa", "as": "oa", "create_roles": True})
    assert (status, result["verdict"]) == (0, "ok"), result
    assert result["database"]["roles"] == ["\"Clerk 'A'\""]
    assert psql(live, "oa", "show work_mem") == "7MB"
    assert psql(live, "oa", "select rolcanlogin from pg_roles where rolname = 'Clerk ''A'''") == "f"


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"rows": {**ROWS, "public.trail": 2}}, "public.trail has 0 rows, had 2"),
        ({"sha256": "0" * 64}, "another size or checksum"),
    ],
)
def test_a_dump_that_is_not_the_one_that_was_made_is_bad(live: Host, changed: dict[str, Any], words: str) -> None:
    live.copy("a1", **held(live, **changed))
    status, result = live.restore(database={"name": "oa", "as": "oa_restored"})
    assert (status, result["verdict"], words in result["message"]) == (1, "critical", True), result
    assert names_of(live) == {"postgres", "oa"}
    assert live.leftovers() == []


def test_half_a_dump_is_bad(live: Host) -> None:
    whole = (live.repository / "content" / DUMP).read_bytes()
    live.holds(DUMP, whole[: len(whole) // 2])
    live.copy("a1")
    status, result = live.restore(database={"name": "oa", "as": "oa_restored"})
    assert (status, result["verdict"]) == (1, "critical"), result
    assert names_of(live) == {"postgres", "oa"}


def test_a_database_that_is_in_no_copy_is_said(live: Host) -> None:
    live.copy("a1", **held(live))
    status, result = live.restore(database={"name": "ob", "as": "ob_restored"})
    assert (status, "ob is not in" in result["message"]) == (1, True), result


def test_a_database_that_was_not_restored_to_its_end_is_removed_and_no_other(live: Host) -> None:
    live.copy("a1", **held(live))
    psql(live, "postgres", "create database opspact_restore_0123456789ab")
    state = live.machine.folder / "state"
    state.mkdir()
    for name in ("opspact_restore_0123456789ab", "oa"):
        (state / "nightly.json").write_text(json.dumps({"database": name, "folder": "/etc", "work": str(state)}))
        assert live.machine.run("restore", live.settings(), "remove").returncode == 0
        assert names_of(live) == {"postgres", "oa"}
    assert state.is_dir()
