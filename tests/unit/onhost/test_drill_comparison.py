"""What a restore test demands beside rows: files as the copy's manifest names them, and a key that opens it."""

import pytest
from drill_server import FILES, HEAD, HELD, MADE, MANIFEST, Server
from programs import Machine

pytestmark = pytest.mark.slow


@pytest.fixture
def server(machine: Machine) -> Server:
    return Server(machine)


def test_a_file_with_another_content_than_when_it_was_backed_up_is_critical(server: Server) -> None:
    server.add("a1")
    server.content(FILES | {"srv/a": "\0"})
    status, item = server.run()
    assert (status, item["verdict"], "1 of 3 files differ: srv/a" in item["message"]) == (1, "critical", True)
    assert item["differing"] == ["srv/a"]
    assert server.nothing_passed()


def test_a_sample_is_drawn_by_a_head_of_the_ledger_that_is_newer_than_the_manifest(server: Server) -> None:
    server.add("a1")
    server.head(MADE)
    assert server.run(sample=2)[1]["compared"] == 3
    server.head("2026-01-01T00:00:01Z")
    _, item = server.run(sample=2)
    assert (item["verdict"], item["compared"], item["seed"]) == ("ok", 2, HEAD)


@pytest.mark.parametrize("what", ["another", "none"])
def test_a_manifest_that_is_not_the_one_of_the_copy_is_critical(server: Server, what: str) -> None:
    server.add("a1")
    file = server.repository / "manifest"
    file.write_text(MANIFEST.replace("srv/a", "srv/b")) if what == "another" else file.unlink()
    status, item = server.run()
    assert (status, item["verdict"], "manifest" in item["message"]) == (1, "critical", True), item
    assert server.nothing_passed()


def test_a_copy_of_which_too_much_changed_while_it_was_made_is_unknown(server: Server) -> None:
    server.add("a1", record={**HELD, "manifest": {**HELD["manifest"], "unchecked": 1}})
    status, item = server.run()
    assert (status, item["verdict"], "1 files" in item["message"]) == (1, "unknown", True)


@pytest.mark.parametrize("said", [[], 5, {"sha256": 1}, {**HELD["manifest"], "files": "3"}])
def test_a_record_that_holds_anything_else_is_unknown_and_stops_nothing(server: Server, said: object) -> None:
    server.add("a1", record={**HELD, "manifest": said})
    assert server.run()[1]["verdict"] != "ok"


@pytest.mark.parametrize(
    "words",
    [
        "passphrase supplied in BORG_PASSPHRASE, by BORG_PASSCOMMAND or via BORG_PASSPHRASE_FD is incorrect.",
        "passcommand supplied in BORG_PASSCOMMAND failed: Command '['cat', '/x']' returned non-zero exit status 1.",
        "No key entry found in the config of repository /srv/opspact-backup/db1/main.",
    ],
)
def test_a_copy_that_the_key_here_does_not_open_cannot_be_restored(server: Server, words: str) -> None:
    server.add("a1")
    server.machine.command("borg", f'echo "{words}" >&2; exit 2')
    status, item = server.run()
    assert (status, item["verdict"], item["problem"]) == (1, "critical", "no_key")
    assert item["message"].endswith(f"borg list ended with 2: {words}")  # one sentence, with one end
