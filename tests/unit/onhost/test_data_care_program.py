"""Old rows are archived, read back and purged: on a real PostgreSQL, with a borg that keeps an archive in a file."""

import os
import random
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest
from purging_host import JOB, OLD, Host, count, difference

pytestmark = pytest.mark.slow


def restore(host: Host, path: Path) -> None:
    """Bring the rows of an archive back with psql alone, into the table that it names, renamed meanwhile."""
    host.sql("ALTER TABLE log RENAME TO log_now")
    host.sql("CREATE TABLE log (LIKE log_now)")
    words = ("psql", "-Xq", "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-f", str(path))
    done = subprocess.run(words, env=host.machine.environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    host.sql("ALTER TABLE log RENAME TO log_back")
    host.sql("ALTER TABLE log_now RENAME TO log")


def test_old_rows_are_archived_and_purged_and_come_back_from_the_archive_as_they_were(host: Host) -> None:
    host.sql(f"CREATE TABLE old AS SELECT * FROM log WHERE {OLD}")
    status, result = host.run()
    assert (status, result["outcome"], result["verdict"]) == (0, "done", "ok"), result["message"]
    assert result["rows"] == {"archived": 2761, "deleted": 2761, "changed": 0, "gone": 0}
    assert (result["batches"], result["resumed"], count(host, "log")) == (6, 0, 239)
    (archive,) = host.archives()
    assert archive.name == result["archive"]["name"]
    restore(host, archive)
    assert (difference(host, "old", "log_back"), difference(host, "log_back", "old")) == (0, 0)
    assert host.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'opspact_purge'") == [(0,)]
    status, result = host.run()
    assert (status, result["verdict"], result["rows"]["archived"]) == (0, "ok", 0)
    assert host.archives() == [archive]


def test_what_others_change_after_the_archive_was_made_stays_as_they_made_it(host: Host) -> None:
    changes = """
        UPDATE log SET amount = trim_scale(amount) WHERE id = 3000; -- 750.00 becomes 750: equal, and another text
        UPDATE log SET note = 'changed' WHERE id IN (2990, 2991);
        UPDATE log SET facts = '{"n":  2980}' WHERE id = 2980;
        UPDATE log SET amount = amount WHERE id = 2970; -- another version of the same row
        DELETE FROM log WHERE id IN (2900, 2901, 2902);
        INSERT INTO log (note, created_at) VALUES ('late', now() - interval '1 year')"""
    host.on("before-extract", f"psql -Xq -v ON_ERROR_STOP=1 -d postgres <<'END'\n{changes};\nEND")
    status, result = host.run()
    assert (status, result["verdict"]) == (0, "ok"), result
    assert result["rows"] == {"archived": 2761, "deleted": 2754, "changed": 4, "gone": 3}
    left = host.sql(f"SELECT id, note FROM log WHERE {OLD} ORDER BY id")
    assert left == [(2980, None), (2990, "changed"), (2991, "changed"), (3000, None), (3001, "late")]


ROWS_OF_ALL_TYPES = """
    DROP TABLE log;
    CREATE TYPE pair AS (left_one int, other text);
    CREATE TYPE mood AS ENUM ('calm', 'cross');
    CREATE TABLE log (a varchar(9), b mood, "select" int, gone int, f float8, r real, d date, i interval, y bytea,
      x xml, p point, j jsonb, n int[], q pair, m money, t tsrange, z timetz, h bit(3), c char(5), "列" text,
      created_at timestamp NOT NULL, twice int GENERATED ALWAYS AS ("select" * 2) STORED, PRIMARY KEY (a, b));
    ALTER TABLE log DROP COLUMN gone;
    INSERT INTO log VALUES
      ('one', 'calm', 1, 'NaN', 0.1, '0044-03-15 BC', '-1 mon 3 days -4 hours', '\\x00ff0a', '<a>&lt;</a>', '(1,-0)',
       '{"b": [1.10, null]}', '[0:1]={7,NULL}', '(1,"x, y")', 12.5, '[2020-01-01,)', '10:00+05:30', B'101', 'ab',
       E'a\\tb\\nc\\\\.', now() - interval '2 years'),
      ('two', 'cross', NULL, '-Infinity', NULL, 'infinity', NULL, '', NULL, NULL, 'null', '{}', NULL, NULL, 'empty',
       NULL, NULL, NULL, '', '2001-02-03 04:05:06.789012')"""


def test_every_type_of_column_goes_and_comes_back(host: Host) -> None:
    host.sql(ROWS_OF_ALL_TYPES)
    host.sql("CREATE TABLE old AS SELECT * FROM log")
    status, result = host.run()
    assert (status, result["rows"]["deleted"], count(host, "log")) == (0, 2, 0), result
    host.sql("ALTER TABLE log ALTER COLUMN twice DROP EXPRESSION")
    restore(host, host.archives()[0])
    host.sql('UPDATE log_back SET twice = "select" * 2')
    assert (difference(host, "old", "log_back"), count(host, "log_back")) == (0, 2)


REFUSED = {
    "ALTER TABLE log DROP CONSTRAINT log_pkey": "it has no key",
    "ALTER TABLE log DROP CONSTRAINT log_pkey;\nCREATE UNIQUE INDEX ON log (note)": "it has no key",
    "ALTER TABLE log DROP CONSTRAINT log_pkey;\nCREATE UNIQUE INDEX ON log (id) WHERE amount > 1": "it has no key",
    "CREATE TABLE part (log_id bigint REFERENCES log ON DELETE CASCADE)": "part_log_id_fkey of public.part",
    "CREATE TABLE part (log_id bigint REFERENCES log ON DELETE SET NULL)": "part_log_id_fkey of public.part",
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';\n"
    "CREATE TRIGGER keeps BEFORE DELETE ON log FOR EACH ROW EXECUTE FUNCTION f()": "triggers run .*: keeps",
    "CREATE RULE hides AS ON DELETE TO log DO INSTEAD NOTHING": "rules rewrite a DELETE: hides",
    "CREATE TABLE child () INHERITS (log)": "other tables inherit from it",
    "ALTER TABLE log RENAME TO t;\nCREATE VIEW log AS SELECT * FROM t": "not an ordinary table",
    "DROP TABLE log;\nCREATE TABLE log (id int PRIMARY KEY, created_at date) PARTITION BY HASH (id)": "not an ordinary",
    "ALTER TABLE log RENAME created_at TO made": "it has no column created_at",
    "ALTER TABLE log ALTER created_at TYPE text": "created_at is not a time but text",
    "DROP TABLE log": "has no table public.log",
}


@pytest.mark.parametrize(("change", "reason"), REFUSED.items(), ids=[str(number) for number in range(len(REFUSED))])
def test_a_table_that_cannot_be_purged_safely_is_refused_with_the_reason(host: Host, change: str, reason: str) -> None:
    host.sql(change)
    status, result = host.run()
    assert (status, result["outcome"], result["verdict"]) == (1, "failed", "critical")
    assert host.archives() == []
    assert re.search(f"^(?!Public).*{reason}", result["message"]), result["message"]


def test_a_unique_key_will_do_where_there_is_no_primary_one(host: Host) -> None:
    host.sql("ALTER TABLE log DROP CONSTRAINT log_pkey")
    host.sql("CREATE UNIQUE INDEX ON log (created_at, id)")
    assert host.run()[0] == 0
    assert count(host, "log") == 239


def test_an_open_transaction_that_vacuum_cannot_pass_is_a_reason_to_refuse(host: Host) -> None:
    script = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM log; \\echo ready\n"
    words = ("psql", "-Xqt", "-d", "postgres")
    environment = {**host.machine.environment, "PGAPPNAME": "reports"}
    with subprocess.Popen(words, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        other.stdin.write(script)
        other.stdin.flush()
        assert "ready" in iter(lambda: other.stdout.readline().strip(), None)  # type: ignore[union-attr]
        time.sleep(0.6)
        status, result = host.run()
        other.stdin.close()
    assert (status, count(host, "log"), host.archives()) == (1, 3000, [])
    assert "session" in result["message"]
    assert "auditor (reports) has had a transaction open since" in result["message"]
    assert host.run()[0] == 0


@pytest.mark.parametrize(
    "damage",
    [
        "sed -i 's/2500/2501/' $1",
        "head -c -40 $1 >$1.x; mv $1.x $1",
        "sed -i 20d $1",
        "echo more >>$1",
    ],
)
def test_an_archive_that_does_not_hold_what_was_archived_deletes_nothing(host: Host, damage: str) -> None:
    host.on("before-extract", damage)
    status, result = host.run()
    assert (status, result["verdict"], count(host, "log")) == (1, "critical", 3000)
    assert "does not hold what was archived" in result["message"]
    (host.repository / "before-extract").unlink()
    time.sleep(1.1)  # an archive's name says the second
    assert host.run()[0] == 0, "the next run makes another archive"
    assert (count(host, "log"), len(host.archives())) == (239, 2)


@pytest.mark.parametrize(
    "failure",
    [
        ("before-create", "echo 'Connection closed by remote host' >&2; exit 2", 74),
        ("before-create", "echo '/srv: file changed' >&2; exit 1", 1),
        ("before-extract", "echo 'Connection closed by remote host' >&2; exit 2", 74),
        ("after-extract", "exit 1", 1),
    ],
)
def test_a_borg_that_fails_or_warns_deletes_nothing(host: Host, failure: tuple[str, str, int]) -> None:
    moment, script, status = failure
    host.on(moment, script)
    found, result = host.run()
    assert (found, result["outcome"], count(host, "log")) == (status, "failed", 3000)
    assert result["message"].startswith(f"Borg {'extract' if 'extract' in moment else 'create'} failed: ")
    (host.repository / moment).unlink()
    time.sleep(1.1)
    assert host.run()[0] == 0
    assert count(host, "log") == 239


def test_a_run_that_was_killed_is_gone_on_with(host: Host) -> None:
    for moment in ("before-create", "after-create", "before-extract", "after-extract"):
        host.on(moment, "rm $0; kill -9 $2")
        done = host.machine.run("data_care", host.machine.folder / "settings.json")
        assert done.returncode == -signal.SIGKILL
        assert count(host, "log") == 3000
        time.sleep(1.1)  # an archive's name says the second
    status, result = host.run()
    assert (status, result["rows"]["deleted"], result["resumed"], count(host, "log")) == (0, 2761, 4, 239)
    died = [each["died"] for each in host.machine.results(JOB)[:-1]]
    assert died == [True] * 4


def test_a_run_that_stopped_between_batches_counts_each_row_once(host: Host) -> None:
    host.sql("CREATE TABLE part (log_id bigint REFERENCES log)")
    host.sql("INSERT INTO part VALUES (1800)")
    status, result = host.run()
    assert (status, result["verdict"]) == (1, "critical")
    assert "part" in result["message"]
    left = count(host, "log")
    assert 239 < left < 3000
    assert host.run("needed")[0] == 0, "a run is not over"
    host.sql("DROP TABLE part")
    host.sql('TRUNCATE opspact_purge."purge-log"')  # as a crash of the database does
    status, result = host.run()
    assert (status, count(host, "log"), len(host.archives())) == (0, 239, 1)
    assert result["rows"] == {"archived": 2761, "deleted": 2761, "changed": 0, "gone": 0}


def test_kills_at_random_instants_lose_nothing(host: Host) -> None:
    host.sql("CREATE TABLE before AS SELECT * FROM log")
    host.settings(batch=20)
    command = host.machine.command_line("data_care", host.machine.folder / "settings.json")
    environment = {**os.environ, **host.machine.environment}
    for _ in range(8):
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
            time.sleep(random.uniform(0.1, 0.6))
            process.kill()
    assert (host.run()[0], count(host, "log")) == (0, 239)
    assert difference(host, f"(SELECT * FROM before WHERE NOT {OLD})", "log") == 0


def test_it_is_needed_when_space_is_short(host: Host) -> None:
    for limit, status in ((None, 1), (0.0, 1), (100.0, 0)):
        host.settings(free_below=limit)
        assert host.run("needed")[0] == status
    host.settings(database="nowhere", free_below=0.0)
    assert host.run("needed")[0] == 255
    assert host.machine.files(JOB) == []


def test_a_database_that_cannot_be_asked_fails_and_is_asked_again(host: Host) -> None:
    host.settings(database="nowhere")
    status, result = host.run()
    assert (status, result["outcome"]) == (74, "failed")
    assert 'database "nowhere" does not exist' in result["message"]


def test_a_stage_that_others_made_is_not_trusted(host: Host) -> None:
    host.sql("DROP ROLE IF EXISTS mallory;\nCREATE ROLE mallory")
    host.sql("CREATE SCHEMA opspact_purge AUTHORIZATION mallory")
    host.sql('CREATE TABLE opspact_purge."purge-log" (LIKE log)')
    status, result = host.run()
    host.sql("DROP SCHEMA opspact_purge CASCADE;\nDROP ROLE mallory")
    assert (status, count(host, "log")) == (1, 3000)
    assert "another account made it or its schema" in result["message"]


def test_months_are_those_of_the_calendar_where_the_contract_is(host: Host) -> None:
    host.settings(older_than={"months": 3, "seconds": 0})
    _, result = host.run()
    wanted = host.sql(
        "SELECT count(*) FROM generate_series(1, 3000) n WHERE now() - n * interval '1 hour' < "
        "(now() AT TIME ZONE 'Asia/Shanghai' - interval '3 months') AT TIME ZONE 'Asia/Shanghai'"
    )
    assert abs(result["rows"]["deleted"] - wanted[0][0]) <= 1


def test_no_more_rows_are_compared_than_there_is_room_for(host: Host) -> None:
    host.settings(room=60_000)
    status, result = host.run()
    assert (status, result["verdict"]) == (0, "warning")
    assert 100 < result["rows"]["deleted"] < 2000
    assert host.sql("SELECT max(id) FROM log")[0][0] == 3000 - result["rows"]["deleted"], "the oldest first"
    for _ in range(20):
        if host.run()[1]["verdict"] == "ok":
            break
    assert count(host, "log") == 239


def test_a_policy_with_many_columns_in_another_schema_is_purged(host: Host) -> None:
    host.sql("CREATE SCHEMA audit")
    columns = ", ".join(f"c{number} text" for number in range(200))
    host.sql(f"CREATE TABLE audit.log (id int, created_at date, {columns}, PRIMARY KEY (id, created_at))")
    today = "(now() AT TIME ZONE 'Asia/Shanghai')::date"
    host.sql(f"INSERT INTO audit.log (id, created_at, c7) SELECT n, {today} - n, 'x' FROM generate_series(1, 50) n")
    host.settings(table="audit.log")
    status, result = host.run()
    host.sql("CREATE TABLE public.left_over AS SELECT * FROM audit.log")
    host.sql("DROP SCHEMA audit CASCADE")
    assert (status, result["rows"]["deleted"], count(host, "left_over")) == (0, 40, 10), result


def test_a_table_that_gets_another_column_in_the_middle_is_archived_again(host: Host) -> None:
    host.sql("CREATE TABLE part (log_id bigint REFERENCES log)")
    host.sql("INSERT INTO part VALUES (1800)")
    assert host.run()[0] == 1
    left = count(host, "log")
    host.sql("DROP TABLE part")
    host.sql("ALTER TABLE log ADD COLUMN more text")
    host.sql("UPDATE log SET more = 'new'")
    time.sleep(1.1)  # an archive's name says the second
    status, result = host.run()
    assert (status, result["rows"]["deleted"], count(host, "log")) == (0, left - 239, 239)
    assert len(host.archives()) == 2
    assert "\tnew\n" in host.archives()[1].read_text()
