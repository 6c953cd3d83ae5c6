"""Old rows are purged on a real host: killed at random instants while others change rows, with nothing lost.

The layout is that of docs/decisions/0002-backups.md; the archives go to another host over the real borg.
"""

import json
import random
import time
from collections.abc import Iterator
from typing import Any

import backing_up
import pytest
from backing_up import On, job_of, repository_step
from contracts import until
from effort import EFFORT
from labkit import Lab

from opspact.compile import units
from opspact.model import names
from opspact.model.job import DATA_CARE

pytestmark = pytest.mark.lab

CLIENT, SERVER = "db1", backing_up.SERVER
POLICY = "purge-log"
JOB = job_of(DATA_CARE, POLICY)
UNIT = f"{JOB.unit_name}.service"
ROWS = 100_000
KILLS = 5 * EFFORT
TABLE = f"""
    ALTER DATABASE purged SET timezone = 'UTC';
    CREATE TABLE log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, note text, amount numeric,
      created_at timestamptz NOT NULL);
    INSERT INTO log (note, amount, created_at)
      SELECT '行 ' || n, n / 4.0, now() - interval '1 year' - n * interval '1 second' FROM generate_series(1, {ROWS}) n;
    INSERT INTO log (note, created_at) SELECT 'young', now() FROM generate_series(1, 1000);
    CREATE TABLE version (id bigint, number bigint GENERATED ALWAYS AS IDENTITY, row text);
    INSERT INTO version (id, row) SELECT id, log::text FROM log;
    CREATE FUNCTION remember() RETURNS trigger LANGUAGE plpgsql AS
      'BEGIN INSERT INTO version (id, row) VALUES (NEW.id, NEW::text); RETURN NULL; END';
    CREATE TRIGGER remembers AFTER INSERT OR UPDATE ON log FOR EACH ROW EXECUTE FUNCTION remember();
    ANALYZE"""
"""Every version of every row is remembered by its own transaction: the truth that the end is compared with."""
OTHERS = f"""\
\\set id random(1, {ROWS})
\\set kind random(1, 4)
\\if :kind = 1
INSERT INTO log (note, created_at) VALUES ('late', now() - interval '2 years');
\\elif :kind = 2
UPDATE log SET amount = amount + 0.00 WHERE id = :id;
\\else
BEGIN;
UPDATE log SET note = note || '!' WHERE id = :id;
UPDATE log SET note = note || '?' WHERE id = {ROWS} - :id;
COMMIT;
\\endif
"""
COUNTS = """
    SELECT count(DISTINCT id) FROM version;
    SELECT count(*) FROM log;
    SELECT count(*) FROM log WHERE note = 'young';
    SELECT count(*) FROM log WHERE created_at < now() - interval '7 months'"""
NEWEST = "SELECT row FROM (SELECT DISTINCT ON (id) row FROM version ORDER BY id, number DESC) newest"


def sql(lab: Lab, statements: str, database: str = "purged") -> str:
    place = f"/tmp/{database}.sql"
    On(lab, CLIENT).write(place, f"SET TimeZone = 'UTC';\n{statements};\n")
    done = On(lab, CLIENT).root(f"runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d {database} -f {place}")
    assert done.rc == 0, done
    return done.out


def configure(lab: Lab, **changed: object) -> None:
    access = repository_step().access
    settings: dict[str, object] = {
        "job": JOB.key,
        "database": "purged",
        "table": "log",
        "column": "created_at",
        "older_than": {"months": 6, "seconds": 0},
        "zone": "Asia/Shanghai",
        "batch": 500,
        "free_below": None,
        "repository": access.url,
        "environment": access.environment,
        "patience": 20,
    }
    On(lab, CLIENT).write(names.settings(JOB.key), json.dumps({**settings, **changed}))


def start(lab: Lab) -> dict[str, Any]:
    """Have systemd carry out a run to its end, whatever the one before was at; return its result."""
    On(lab, CLIENT).root(f"systemctl stop {UNIT}")
    On(lab, CLIENT).start(UNIT)
    On(lab, CLIENT).root(f"systemctl stop {UNIT}")  # it is not started again while its result is looked at
    return On(lab, CLIENT).newest_result(JOB.key)


@pytest.fixture(scope="module")
def care(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    lab.up()
    backing_up.lay_out_server(lab)
    backing_up.configure_server(lab, policies={POLICY: {"keep": {"within": "24m"}}})
    client = On(lab, CLIENT)
    client.write(names.passphrase_file("backup", "lab"), backing_up.PASSPHRASE)
    client.write(names.program("data_care"), backing_up.program("data_care"))
    client.write(names.unit_file(UNIT), units.service(JOB))
    backing_up.apply(lab, tmp_path_factory.mktemp("ansible"), repository_step().tasks(), hosts=CLIENT)
    configure(lab)
    yield lab
    lab.reset(CLIENT, SERVER)


@pytest.fixture
def database(care: Lab) -> Lab:
    for statement in ("DROP DATABASE IF EXISTS purged WITH (FORCE)", "CREATE DATABASE purged"):
        sql(care, statement, "postgres")
    configure(care)
    return care


def restored(lab: Lab, archives: list[str]) -> int:
    """Bring the archives back with borg and psql alone, into a database of their own; return the number of rows."""
    sql(lab, "DROP DATABASE IF EXISTS back WITH (FORCE)", "postgres")
    sql(lab, "CREATE DATABASE back", "postgres")
    sql(lab, "CREATE TABLE log (id bigint, note text, amount numeric, created_at timestamptz)", "back")
    access = repository_step().access
    variables = " ".join(f"{name}='{value}'" for name, value in access.environment.items())
    for archive in archives:
        done = On(lab, CLIENT).root(
            f"env {variables} borg extract --stdout {access.url}::{archive} </dev/null |"
            " runuser -u postgres -- psql -Xq -v ON_ERROR_STOP=1 -d back"
        )
        assert (done.rc, done.err) == (0, ""), done
    return int(sql(lab, "SELECT count(*) FROM log", "back"))


def lost(lab: Lab) -> str:
    """Return the newest versions of rows that are neither in the table nor in the archives, as far as there are any."""
    sql(lab, f"\\copy ({NEWEST}) TO /tmp/wanted", "purged")
    sql(lab, "\\copy (SELECT log::text FROM log) TO /tmp/there", "purged")
    sql(lab, "\\copy (SELECT log::text FROM log) TO /tmp/archived", "back")
    script = "cd /tmp; sort -u wanted >a; sort -u there archived >b; comm -23 a b | head -5; rm wanted there archived"
    return On(lab, CLIENT).root(f"LC_ALL=C; export LC_ALL; {script}").out


PGBENCH = "while :; do $(ls -d /usr/lib/postgresql/*/bin)/pgbench -n -c 4 -R 150 -T 600 -f /tmp/others.sql purged; done"
BACKENDS = "SELECT pid FROM pg_stat_activity WHERE datname = 'purged' AND pid <> pg_backend_pid() LIMIT 1"


def kill_at_random(lab: Lab) -> None:
    """Start runs and kill each, some with the database, which comes back without what was in the staging table."""
    client, dice = On(lab, CLIENT), random.Random()
    for kill in range(KILLS):
        client.root(f"systemctl stop {UNIT}; systemctl reset-failed {UNIT}; systemctl start --no-block {UNIT}")
        time.sleep(dice.uniform(0.2, 4.0))
        if kill % 5 == 3:
            client.root(f"kill -9 {sql(lab, BACKENDS, 'postgres').strip()}")
        client.root(f"systemctl kill --signal=KILL {UNIT}")


def finished(lab: Lab) -> list[dict[str, Any]]:
    """Return the results of the runs that came to their end, one for each archive."""
    script = f"for each in {names.spool(JOB.key)}/*.json; do cat $each; printf '\\0'; done"
    results = [json.loads(text) for text in On(lab, CLIENT).root(script).out.split("\0") if text]
    done = [each for each in results if each["outcome"] == "done" and "archive" in each]
    return list({each["archive"]["name"]: each for each in done}.values())


def test_a_purge_killed_at_random_instants_loses_nothing_and_deletes_nothing_unarchived(database: Lab) -> None:
    client = On(database, CLIENT)
    sql(database, TABLE)
    client.write("/tmp/others.sql", OTHERS)
    client.root(f"systemd-run --unit=others --uid=postgres sh -c '{PGBENCH.replace('$', '$$')}'")
    kill_at_random(database)
    first = start(database)
    client.root("systemctl stop others")
    second = start(database)  # what the others inserted and changed meanwhile
    assert [(each["outcome"], each["verdict"]) for each in (first, second)] == [("done", "ok")] * 2, (first, second)
    results = finished(database)
    archived, deleted, gone = (sum(each["rows"][what] for each in results) for what in ("archived", "deleted", "gone"))
    assert restored(database, [each["archive"]["name"] for each in results]) == archived
    assert lost(database) == ""
    ids, left, young, old = map(int, sql(database, COUNTS).split())
    assert (deleted, gone) == (ids - left, 0)
    assert (young, old) == (1000, 0)
    assert any(each["resumed"] for each in results)


def test_systemd_goes_on_with_a_run_that_was_killed(database: Lab) -> None:
    client = On(database, CLIENT)
    sql(database, TABLE)
    drop_in = f"/run/systemd/system/{UNIT}.d/soon.conf"
    client.write(drop_in, "[Service]\nRestartSec=100ms\n")
    begin = f"systemctl stop {UNIT}; systemctl reset-failed {UNIT}; systemctl start --no-block {UNIT}"
    client.root(f"systemctl daemon-reload; {begin}")
    time.sleep(1)
    client.root(f"systemctl kill --signal=KILL {UNIT}")
    until(lambda: client.root(f"systemctl is-active {UNIT}").out == "inactive\n", within=120)
    client.root(f"rm {drop_in}; systemctl daemon-reload")
    assert sql(database, "SELECT count(*) FROM log") == "1000\n"
    result = client.newest_result(JOB.key)
    assert (result["verdict"], result["rows"]["deleted"]) == ("ok", ROWS)
    assert result["given_back_bytes"] + result["reusable_bytes"] > 5_000_000


def test_what_cannot_be_purged_safely_is_refused_and_says_why(database: Lab) -> None:
    client = On(database, CLIENT)
    sql(database, TABLE.replace(f"1, {ROWS}", "1, 100"))
    session = (
        "SET application_name = reports; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM log; SELECT pg_sleep(99)"
    )
    client.root(f'systemd-run --unit=reports --uid=postgres psql -Xqd purged -c "{session}"')
    configure(database, patience=1)
    time.sleep(1.5)
    assert "reports) has had a transaction open since" in start(database)["message"]
    client.root("systemctl stop reports")
    sql(database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reports'")
    sql(database, "CREATE TABLE part (log_id bigint REFERENCES log ON DELETE CASCADE)")
    assert "part_log_id_fkey" in start(database)["message"]
    sql(database, "DROP TABLE part; ALTER TABLE log DROP CONSTRAINT log_pkey")
    assert "it has no key" in start(database)["message"]
    sql(database, "ALTER TABLE log ADD PRIMARY KEY (id)")
    client.root(f"mv {names.passphrase_file('backup', 'lab')} /tmp/passphrase")
    failed = start(database)
    assert (failed["outcome"], sql(database, "SELECT count(*) FROM log")) == ("failed", "1100\n")
    client.root(f"mv /tmp/passphrase {names.passphrase_file('backup', 'lab')}")
    assert start(database)["rows"]["deleted"] == 100


def test_a_server_that_is_cut_off_costs_no_row(database: Lab) -> None:
    sql(database, TABLE.replace(f"1, {ROWS}", "1, 100"))
    database.cut(SERVER)
    failed = start(database)
    database.heal(SERVER)
    assert (failed["outcome"], sql(database, "SELECT count(*) FROM log")) == ("failed", "1100\n")
    assert start(database)["rows"]["deleted"] == 100


def test_the_server_keeps_archives_of_rows_by_age(care: Lab) -> None:
    server = On(care, SERVER)
    job = names.settings("prune/lab")
    server.root(f"install -d -o {names.BACKUP_ACCOUNT} {names.STATE_FOLDER}/repository {names.SPOOL_FOLDER}/prune")
    done = server.root(f"cd /; runuser -u {names.BACKUP_ACCOUNT} -- python3 {names.program('repository')} {job} prune")
    result = server.newest_result("prune/lab")
    assert (done.rc, result["verdict"]) == (0, "ok"), result
    assert result["items"][0]["pruned"] == []
    assert result["items"][0]["archives"] >= 3
