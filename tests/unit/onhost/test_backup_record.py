"""What a backup writes down of the copy that it made, on the backup server: its record, its manifest."""

import hashlib
import re

import pytest
from programs import Machine
from recorded_backup import BEGUN, FINE, GOOD, WHOLE, back_up, borg, borgmatic, dump, give_roles

from opspact.onhost.copy_record import decode_record


@pytest.fixture(autouse=True)
def _server(machine: Machine) -> None:
    give_roles(machine)


def test_the_archive_is_copied_to_its_name_with_the_record_of_what_it_holds(machine: Machine) -> None:
    borg(machine, dumps=dump("oa", 18404))
    borgmatic(machine, BEGUN, FINE)
    status, result = back_up(machine)
    assert (status, result["copy"]["name"]) == (0, GOOD)
    assert (machine.folder / "archives").read_text() == f"{GOOD}\n"
    asked = [line.split() for line in (machine.folder / "asked").read_text().splitlines()]
    changing = [words for words in asked if words[0] in {"rename", "recreate", "delete"}]
    assert [words[0] for words in changing] == ["recreate", "delete"]
    comment = changing[0][changing[0].index("--comment") + 1]
    held = {"bytes": 18404, "sha256": "5a5a", "rows": {"public.document": 400}}
    manifest = result["manifest"]
    assert decode_record(comment) == {"files": 188, "bytes": 1212545, "databases": {"oa": held}, "manifest": manifest}


def test_a_copy_whose_manifest_cannot_be_stored_is_a_backup_with_a_warning(machine: Machine) -> None:
    borg(machine, dumps=dump("oa", 18404))
    borgmatic(machine, BEGUN, FINE)
    (machine.folder / "full").touch()
    status, result = back_up(machine)
    assert (status, result["outcome"], result["verdict"]) == (0, "done", "warning")
    assert (result["copy"]["name"], "were not recorded: borg create failed" in result["message"]) == (GOOD, True)
    (comment,) = re.findall(r"--comment (\S+)", (machine.folder / "asked").read_text())
    assert "manifest" not in decode_record(comment)


def test_a_record_that_is_too_long_leaves_out_the_rows_of_tables(machine: Machine) -> None:
    tables = {hashlib.sha256(bytes([n % 256, n // 256])).hexdigest(): n for n in range(500)}
    borg(machine, dumps=dump("oa", 18404))
    borgmatic(machine, BEGUN, FINE, proof=WHOLE | {"rows": tables})
    assert back_up(machine)[0] == 0
    (comment,) = re.findall(r"--comment (\S+)", (machine.folder / "asked").read_text())
    assert decode_record(comment)["databases"]["oa"] == {"bytes": 18404, "sha256": "5a5a", "rows": None}
