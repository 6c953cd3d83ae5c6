"""Whose signatures count and when: the signing keys of a contract's people."""

import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from building import tree
from signing import make_key, public_line

from opspact.fleet import signers
from opspact.fleet.signers import key_holders, signers_of
from opspact.resolve.contract import resolve

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKAtITiOCKFk4kVbR5juLRBt83UHXlOV2o14tk0NEN89"
OTHER = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJRVRdO7gHpxdAuSwxRFixeL8/Cvy18evBS9mHH7xAOi"

PERSON = "kind: person\nname: li-na\nfrom: 2026-01-02\nsigning_keys: [{key: %s}]\n"


def spans(person: str, *keys: str) -> list[tuple[str, str, str]]:
    """From when until when whose keys sign, in UTC, by the end of each key's text."""
    written = "".join(f"  - {{{each}}}\n" for each in keys)
    policy = f"kind: person\nname: li-na\nteams: [customer]\n{person}\nsigning_keys:\n{written}"
    found = signers_of(resolve(tree(policy)))
    assert {each.person for each in found} <= {"li-na"}
    return [(each.key[-4:], _shown(each.since), _shown(each.until)) for each in found]


def _shown(at: datetime | None) -> str:
    assert at is None or at.tzinfo is UTC
    return f"{at:%m-%dT%H:%M}" if at else ""


def test_a_key_signs_while_the_person_is_there_by_the_clock_of_the_contract() -> None:
    assert spans("from: 2026-01-02", f"key: {KEY}") == [("EN89", "01-01T16:00", "")]
    assert spans("from: 2026-01-02\nuntil: 2026-01-31", f"key: {KEY}", f"key: {OTHER}") == [
        ("EN89", "01-01T16:00", "01-31T16:00"),
        ("xAOi", "01-01T16:00", "01-31T16:00"),
    ]


def test_a_key_has_days_of_its_own_within_those_of_the_person() -> None:
    both = "employed: [2026-01-02..2026-02-28, 2026-04-01..]"
    assert spans(both, f"key: {KEY}, from: 2026-02-01, until: 2026-04-30") == [
        ("EN89", "01-31T16:00", "02-28T16:00"),
        ("EN89", "03-31T16:00", "04-30T16:00"),
    ]


def test_a_revoked_key_signs_nothing_from_that_minute_on() -> None:
    both = "employed: [2026-01-02..2026-02-28, 2026-04-01..]"
    assert spans(both, f"key: {KEY}, revoked: 2026-02-03T10:30") == [("EN89", "01-01T16:00", "02-03T02:30")]
    assert spans("from: 2026-01-02", f"key: {KEY}, revoked: 2026-01-01T23:59") == []


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder of this login's keys."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    (tmp_path / ".ssh").mkdir()
    return tmp_path / ".ssh"


def test_whose_keys_this_login_can_use(home: Path) -> None:
    key = make_key(home)
    contract = resolve(tree(PERSON % public_line(key)))
    assert key_holders(contract, datetime(2026, 3, 1, tzinfo=UTC)) == ("li-na",)
    assert key_holders(contract, datetime(2025, 3, 1, tzinfo=UTC)) == ()
    key.unlink()  # the public half alone signs nothing
    assert key_holders(contract, datetime(2026, 3, 1, tzinfo=UTC)) == ()


@pytest.mark.usefixtures("home")
def test_an_agent_that_does_not_answer_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signers, "_AGENT_PATIENCE", 0.3)
    contract = resolve(tree(PERSON % KEY))
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "agent"))
        listener.listen()  # and says nothing
        monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
        assert key_holders(contract, datetime(2026, 3, 1, tzinfo=UTC)) == ()
