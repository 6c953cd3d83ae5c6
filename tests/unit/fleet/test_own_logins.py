"""Whose accounts this process has."""

import os
import pwd
from pathlib import Path

import pytest

from opspact.fleet import own_logins as module
from opspact.fleet.own_logins import own_logins

OWN = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def login(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file in which the kernel would say who logged in."""
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setattr(module, "_LOGIN", tmp_path / "loginuid")
    return tmp_path / "loginuid"


def test_whoever_logged_in_is_named_beside_the_account_of_the_process(
    login: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert own_logins() == (OWN,)  # a kernel without audit
    login.write_text("1")
    monkeypatch.setenv("SUDO_USER", "li-na")
    assert own_logins() == (OWN, pwd.getpwuid(1).pw_name, "li-na")


@pytest.mark.parametrize("said", ["4294967295", "4294967294", "", "x"])
def test_no_login_and_an_account_without_a_name_are_left_out(login: Path, said: str) -> None:
    login.write_text(said)
    assert own_logins() == (OWN,)


def test_variables_do_not_hide_the_account(login: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not login.exists()
    for name in ("LOGNAME", "USER", "OPSPACT_ACTOR"):
        monkeypatch.setenv(name, "he-jing")
    assert own_logins() == (OWN,)
