"""The stage of a purge: what is in it is what was archived, or nothing is deleted by it."""

import json

import pytest
from purging_host import Host, count

from opspact.onhost.purge_queries import PLACE

pytestmark = pytest.mark.slow


def test_a_run_that_an_earlier_version_of_the_program_began_is_not_gone_on_with(host: Host) -> None:
    host.sql("CREATE TABLE part (log_id bigint REFERENCES log)")
    host.sql("INSERT INTO part VALUES (1800)")
    assert host.run()[0] == 1
    left, stage = count(host, "log"), 'opspact_purge."purge-log"'
    state = json.loads(host.sql(f"SELECT obj_description('{stage}'::regclass, 'pg_class')")[0][0])
    former = json.dumps({name: value for name, value in state.items() if name not in {"layout", "seen"}})
    host.sql(f"ALTER TABLE {stage} DROP COLUMN {PLACE};\nCOMMENT ON TABLE {stage} IS '{former}';\nDROP TABLE part")
    status, result = host.run()
    assert (status, result["rows"]["deleted"], count(host, "log")) == (0, left - 239, 239), result
    assert len(host.archives()) == 2


def test_rows_that_are_no_longer_where_they_were_are_found_by_key(host: Host) -> None:
    host.on("before-extract", "psql -Xq -d postgres -c 'DELETE FROM log WHERE id % 2 = 0' -c 'VACUUM FULL log'")
    status, result = host.run()
    assert (status, count(host, "log")) == (0, 120), result
    assert result["rows"] == {"archived": 2761, "deleted": 1380, "changed": 0, "gone": 1381}


def test_a_stage_that_a_crash_emptied_meanwhile_is_no_word_for_rows_that_others_deleted(host: Host) -> None:
    host.on("after-extract", "rm $0; psql -Xq -d postgres -c 'TRUNCATE opspact_purge.\"purge-log\"'")
    status, result = host.run()
    assert (status, result["verdict"], count(host, "log")) == (1, "critical", 3000), result
    assert "has the database crashed?" in result["message"]
    status, result = host.run()
    assert (status, result["rows"], len(host.archives())) == (
        0,
        {"archived": 2761, "deleted": 2761, "changed": 0, "gone": 0},
        1,
    )
