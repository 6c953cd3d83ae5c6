"""Which files of keys sshd reads for an account beside those of opspact, and which of them are deleted."""

import getpass
import json
import os
from pathlib import Path

import pytest

from opspact.onhost import accepted_keys, key_files

ME = getpass.getuser()
OURS, THEIRS = "ssh-ed25519 AAAA ours", "ssh-ed25519 AAAA theirs"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a home; sshd is configured to read a file in it, one for each account, and one for all."""
    monkeypatch.setattr(key_files, "FORMER", f"{tmp_path}/former")
    configure(monkeypatch, f".ssh/authorized_keys {tmp_path}/keys/%u {tmp_path}/all")
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / ME).write_text(f"# note\n{OURS}\n{THEIRS}\n")
    (tmp_path / "all").write_text(f"{THEIRS}\n")
    return tmp_path


def configure(monkeypatch: pytest.MonkeyPatch, files: str) -> None:
    monkeypatch.setattr(accepted_keys, "SSHD", ("/bin/sh",))
    monkeypatch.setattr(accepted_keys, "run_program", lambda *_: f"port 22\nauthorizedkeysfile {files}\n")


def test_keys_elsewhere_are_found_and_whose_they_are(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert key_files.main("look", ME, str(home)) == 0
    assert json.loads(capsys.readouterr().out) == {
        "ssh": {".ssh": None, "authorized_keys": None, "authorized_keys2": None},
        "read": True,
        "files": {
            f"{home}/keys/{ME}": {"own": True, "lines": [OURS, THEIRS]},
            f"{home}/all": {"own": False, "lines": [THEIRS]},
        },
    }


def test_a_file_with_other_keys_is_deleted_and_kept_and_that_of_all_stays(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own, kept = home / "keys" / ME, Path(f"{home}/former{home}/keys/{ME}")
    assert key_files.main("delete", ME, str(home), OURS, THEIRS) == 0
    assert own.exists()
    assert key_files.main("delete", ME, str(home), OURS) == 0
    assert capsys.readouterr().out == "changed\n"
    assert (own.exists(), (home / "all").exists(), kept.read_text()) == (False, True, f"{OURS}\n{THEIRS}\n")
    assert (kept.stat().st_mode & 0o777, (home / "former").stat().st_mode & 0o777) == (0o600, 0o700)
    own.symlink_to(home / "all")
    assert key_files.main("delete", ME, str(home), OURS, THEIRS) == 0
    assert (os.path.lexists(own), (home / "all").exists()) == (False, True)


def test_no_link_below_a_home_is_followed(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, ".ssh/authorized_keys .more/keys")
    (home / "victims").mkdir()
    (home / "victims" / "keys").write_text(f"{THEIRS}\n")
    (home / ".more").symlink_to(home / "victims")
    assert key_files.main("delete", ME, str(home), OURS) == 0
    assert (os.path.lexists(home / ".more"), (home / "victims" / "keys").exists()) == (False, True)


def test_nothing_is_deleted_while_sshd_does_not_read_our_file(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    configure(monkeypatch, f"{home}/keys/%u")
    assert key_files.main("look", ME, str(home)) == 0
    assert json.loads(capsys.readouterr().out)["read"] is False
    assert key_files.main("delete", ME, str(home), OURS) == 0
    assert (home / "keys" / ME).exists()


def test_an_account_that_is_not_there_and_a_host_without_sshd_have_no_other_files(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert key_files.files_of("no-such-account", str(home)) == (True, {})
    monkeypatch.setattr(accepted_keys, "SSHD", (f"{home}/no-sshd",))
    assert key_files.files_of(ME, str(home)) == (True, {})
