"""Dumps restored into a scratch PostgreSQL by an account that may nothing else, on a real server."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from opspact.onhost.scratch_cluster import ScratchCluster
from opspact.onhost.scratch_server import CannotRestore

pytestmark = pytest.mark.slow

PROGRAMS = max(Path("/usr/lib/postgresql").glob("*/bin"), default=Path("/usr/bin"))
USUAL = """\
CREATE SCHEMA "Own extensions";
CREATE EXTENSION hstore WITH SCHEMA "Own extensions";
CREATE EXTENSION pageinspect;
CREATE EXTENSION postgres_fdw;
CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw;
CREATE SCHEMA filed;
CREATE TABLE filed.document (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz, facts "Own extensions".hstore
);
INSERT INTO filed.document (at, facts) SELECT '2026-03-01 12:00+08', 'a=>1' FROM generate_series(1, 300);
CREATE FOREIGN TABLE filed.remote (id int) SERVER elsewhere;
CREATE VIEW filed.both AS SELECT id FROM filed.document UNION ALL SELECT id FROM filed.remote;
CREATE TABLE secret (n int);
INSERT INTO secret SELECT generate_series(1, 40);
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
ALTER TABLE secret FORCE ROW LEVEL SECURITY;
CREATE POLICY nobody ON secret USING (false);
CREATE FUNCTION said() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE EVENT TRIGGER noted ON ddl_command_end EXECUTE FUNCTION said();
SELECT lo_create(4711);
COMMENT ON TABLE secret IS 'of nobody'"""
PROGRAM_RUN = """\
CREATE FUNCTION checked(n int) RETURNS boolean LANGUAGE plpgsql AS
$$ BEGIN EXECUTE 'COPY (SELECT 1) TO PROGRAM ''cat >{mark}'''; RETURN true; END $$;
CREATE TABLE t (n int CHECK (checked(n)));
INSERT INTO t VALUES (1)"""
OF_A_SUPERUSER = """\
CREATE TABLE t (n int);
CREATE OPERATOR CLASS own DEFAULT FOR TYPE xml USING hash AS OPERATOR 1 =(text, text), FUNCTION 1 hashtext(text)"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """Yield a folder of the account that runs PostgreSQL, which refuses root."""
    made = Path(tempfile.mkdtemp(prefix="opspact-scratch-", dir="/tmp"))  # a socket's path has to be short
    if os.geteuid() == 0:
        shutil.chown(made, "nobody", "nogroup")
    yield made
    shutil.rmtree(made)


@pytest.fixture
def cluster(folder: Path) -> Iterator[ScratchCluster]:
    programs = folder / "programs/15/bin"
    programs.mkdir(parents=True)
    account = "setpriv --reuid=nobody --regid=nogroup --clear-groups " if os.geteuid() == 0 else ""
    for name in ("initdb", "postgres", "psql", "pg_restore"):
        (programs / name).write_text(f'#!/bin/sh\nexec {account}{PROGRAMS / name} "$@"\n')
        (programs / name).chmod(0o755)
    made = ScratchCluster(folder, str(folder / "programs"))
    if os.geteuid() == 0:
        made.sockets.mkdir(mode=0o700)
        shutil.chown(made.sockets, "nobody", "nogroup")
    made.start()
    yield made
    made.stop()


Dump = Callable[[str], Path]


@pytest.fixture
def dump(folder: Path, postgresql_server: str, postgresql_owner: Connection) -> Dump:
    """Return what gives the dump of a live database that was made with some statements."""
    environment = {**os.environ, "PGHOST": postgresql_server, "PGUSER": "auditor"}

    def dump_of(sql: str) -> Path:
        postgresql_owner.execute(text("DROP DATABASE IF EXISTS shop"))
        postgresql_owner.execute(text("CREATE DATABASE shop TEMPLATE template0"))
        run = [str(PROGRAMS / "psql"), "-Xqd", "shop", "-v", "ON_ERROR_STOP=1", "-c", sql]
        subprocess.run(run, env=environment, check=True, stdout=subprocess.DEVNULL)
        place = folder / "dump"
        subprocess.run([str(PROGRAMS / "pg_dump"), "-Fc", "-f", str(place), "shop"], env=environment, check=True)
        postgresql_owner.execute(text("DROP DATABASE shop"))
        place.chmod(0o644)
        return place

    return dump_of


def test_what_databases_have_is_restored_and_counted(cluster: ScratchCluster, dump: Dump) -> None:
    place = dump(USUAL)
    for _ in range(2):  # one dump after the other, in one server
        cluster.restore(place, {})
        assert cluster.rows() == {"filed.document": 300, "public.secret": 40}
        assert cluster.newest_record("2027-01-01T00:00:00Z") == "2026-03-01T04:00:00Z"


def test_a_dump_runs_no_program_and_is_unknown_if_it_wants_to(
    folder: Path, cluster: ScratchCluster, dump: Dump
) -> None:
    mark = folder / "mark"
    place = dump(PROGRAM_RUN.format(mark=mark))
    mark.unlink()  # the live database may
    with pytest.raises(CannotRestore, match="pg_execute_server_program") as caught:
        cluster.restore(place, {})
    assert (mark.exists(), caught.value.is_bad) == (False, False)


def test_what_only_a_superuser_may_make_is_unknown(cluster: ScratchCluster, dump: Dump) -> None:
    place = dump(OF_A_SUPERUSER)
    with pytest.raises(CannotRestore, match="must be superuser to create an operator family") as caught:
        cluster.restore(place, {})
    assert not caught.value.is_bad
