"""A dump of MariaDB is proved to be whole, and its rows are counted in it: recorded from a server of 10.11.

Against a real server: tests/lab/test_mariadb.py.
"""

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from programs import Machine

from opspact.onhost.mariadb_dump import DumpReader

RECORDED = Path(__file__).parent / "mariadb"
DUMP = (RECORDED / "shop.sql").read_bytes()
ROWS = {"basket": 0, "item": 3, "we`ird (name)": 2, "中文": 1}
INVALID_VIEW = (
    "mariadb-dump: Couldn't execute 'SHOW FIELDS FROM `names`': View 'shop.names' references invalid table(s) or "
    "column(s) or function(s) or definer/invoker of view lack rights to use them (1356)"
)


def tables(*names: str) -> str:
    return "".join(f"{name.encode().hex()}\t{int(name != '中文')}\n" for name in names)


def server(machine: Machine, dumps: str, *, before: str = tables(*ROWS), after: str = tables(*ROWS)) -> None:
    """Have a server with a database whose tables are these, before and after it is dumped."""
    (machine.folder / "before").write_text(before)
    (machine.folder / "later").write_text(after)
    (machine.folder / "after").unlink(missing_ok=True)
    machine.command(
        "mariadb",
        f"""case "$(cat)" in
            *default_character_set_name*) echo 'utf8mb4	utf8mb4_unicode_ci';;
            *) cat {machine.folder}/after 2>/dev/null || cat {machine.folder}/before;;
        esac""",
    )
    then = f"cp {machine.folder}/later {machine.folder}/after"
    machine.command("mariadb-dump", f'{then}; echo "$@" >{machine.folder}/asked; {dumps}')


def dump(machine: Machine) -> tuple[int, bytes, dict[str, Any], str]:
    """Dump a database as borgmatic would; return the status, the dump, the proof and what was complained of."""
    words = ("mariadb", "--no-password", "--host", "mariadb", "--format", "custom", "shop")
    environment = {**os.environ, "PATH": f"{machine.folder}/bin:{os.environ['PATH']}"}
    command = machine.command_line("dump", machine.folder / "proof", *words)
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60)
    proof = json.loads((machine.folder / "proof/mariadb/shop.json").read_text())
    return done.returncode, done.stdout, proof, done.stderr.decode()


def test_a_whole_dump_is_proved_with_its_size_its_checksum_and_its_rows(machine: Machine) -> None:
    server(machine, f"cat {RECORDED}/shop.sql")
    status, made, proof, _ = dump(machine)
    assert (status, made) == (0, DUMP)
    assert proof == {
        "error": "",
        "bytes": len(DUMP),
        "sha256": hashlib.sha256(DUMP).hexdigest(),
        "rows": ROWS,
        "character_set": "utf8mb4",
        "collation": "utf8mb4_unicode_ci",
        "not_transactional": ["中文"],
    }
    asked = (machine.folder / "asked").read_text().split()
    assert {"--single-transaction", "--routines", "--events", "--triggers"} <= {*asked}
    assert asked[-1] == "shop"


@pytest.mark.parametrize(
    ("dumps", "words"),
    [
        (f"head -c 3000 {RECORDED}/shop.sql", "the dump is not whole: its last line is not there"),
        (f"head -n -1 {RECORDED}/shop.sql", "the dump is not whole: its last line is not there"),
        ("exit 0", "the dump is not whole: its last line is not there"),
        (f"cat {RECORDED}/shop.sql; exit 3", "exit status 3"),
        (f"cat >&2 <<'END'\n{INVALID_VIEW}\nEND\nhead -c 859 {RECORDED}/shop.sql; exit 2", INVALID_VIEW),
        (f"cat {RECORDED}/shop.sql; kill -9 $$", "exit status"),
    ],
    ids=["half", "without its last line", "nothing", "failed at the end", "invalid view", "killed"],
)
def test_a_dump_that_is_not_whole_fails_whatever_mariadb_dump_says_of_it(
    machine: Machine, dumps: str, words: str
) -> None:
    server(machine, dumps)
    status, _, proof, complained = dump(machine)
    assert (status, words in proof["error"]) == (1, True), proof
    assert proof["error"] in complained


def test_a_table_that_is_not_in_the_dump_is_missed_unless_it_came_or_went_meanwhile(machine: Machine) -> None:
    server(machine, f"cat {RECORDED}/shop.sql", before=tables(*ROWS, "went"), after=tables(*ROWS, "came"))
    assert dump(machine)[0] == 0
    server(machine, f"cat {RECORDED}/shop.sql", before=tables(*ROWS, "lost"), after=tables(*ROWS, "lost"))
    status, _, proof, _ = dump(machine)
    assert (status, proof["error"]) == (1, "the dump is not whole: table lost is not in it")


def test_a_server_that_cannot_be_asked_and_a_database_that_is_not_there_are_named(machine: Machine) -> None:
    server(machine, "exit 0")
    machine.command("mariadb", 'echo "ERROR 2002 (HY000): Can\'t connect to local server" >&2; exit 1')
    status, made, proof, _ = dump(machine)
    assert (status, made, "ERROR 2002" in proof["error"]) == (1, b"", True)
    machine.command("mariadb", "exit 0")
    assert dump(machine)[2]["error"] == "there is no database shop"
    assert not (machine.folder / "asked").exists()


@pytest.mark.parametrize("size", [1, 7, 4096, len(DUMP)])
def test_rows_are_counted_however_the_dump_arrives(size: int) -> None:
    """Line breaks in values are escaped; what stands in the body of a routine is no row."""
    reader = DumpReader()
    for at in range(0, len(DUMP), size):
        reader.write(DUMP[at : at + size])
    reader.close()
    assert (reader.rows, reader.is_whole) == (ROWS, True)


@pytest.mark.parametrize(
    "text",
    [
        b"INSERT INTO `item` VALUES (1,2),(3,4);\n",
        b"INSERT INTO `item` VALUES\n(1),\n-- something else\n",
        b"INSERT INTO `it\nem` VALUES\n(1);\n",
    ],
    ids=["several rows in a line", "no row", "a name of two lines"],
)
def test_of_lines_that_are_not_known_no_rows_are_said(text: bytes) -> None:
    reader = DumpReader()
    reader.write(text + b"-- Dump completed on 2026-11-29 16:38:41\n")
    reader.close()
    assert (reader.rows, reader.is_whole) == (None, True)


def test_the_last_line_counts_only_where_a_statement_can_begin() -> None:
    reader = DumpReader()
    reader.write(b"DELIMITER ;;\ncreate procedure p() begin\n-- Dump completed")
    reader.close()
    assert not reader.is_whole
