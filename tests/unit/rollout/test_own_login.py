"""Which key a bastion logs in with, as sshd of the host has written it down."""

from pathlib import Path

import pytest

from opspact.fleet.connection import Connection, Settings
from opspact.fleet.session import Session
from opspact.rollout import own_login

# ruff: noqa: SLF001 - a single question of a run, as it is asked

LOGIN = "Accepted publickey for root from 192.0.2.1 port 4242 ssh2: ED25519 SHA256:{}"
STARTED = "Starting session: command for root from 192.0.2.1 port 4242 id 0"
BY_PASSWORD = "Accepted password for root from 192.0.2.1 port 4242 ssh2"


@pytest.mark.parametrize(
    ("journal", "key"),
    [
        ([LOGIN.format("old"), LOGIN.format("new"), LOGIN.format("other").replace("4242", "42421")], "SHA256:new"),
        ([LOGIN.format("own"), STARTED], "SHA256:own"),  # LogLevel VERBOSE
        ([LOGIN.format("old"), BY_PASSWORD, STARTED], ""),
        ([STARTED], ""),
    ],
)
def test_the_newest_login_from_its_port_names_the_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, journal: list[str], key: str
) -> None:
    (tmp_path / "journal").write_text("".join(f"{line}\n" for line in journal))
    monkeypatch.setattr(own_login, "_LOGINS", f"tac {tmp_path}/journal")
    session = Session(Connection("here", (), become=False), Settings())
    try:
        if key:
            assert own_login._key_of_bastion(session, " from 192.0.2.1 port 4242 ") == key
        else:
            with pytest.raises(ValueError, match="names no key"):
                own_login._key_of_bastion(session, " from 192.0.2.1 port 4242 ")
    finally:
        session.close()
