"""Which account names are the system's: those of this machine's own packages among them, no person's."""

import pwd

import pytest

from opspact.schema.values.system_accounts import is_system_account


@pytest.mark.parametrize("name", ["root", "bin", "www-data", "nobody", "_apt", "systemd-network", "sshd", "postgres"])
def test_accounts_of_debian_are_known(name: str) -> None:
    assert is_system_account(name)


def test_the_accounts_that_base_passwd_makes_here_are_known() -> None:
    base = [entry.pw_name for entry in pwd.getpwall() if entry.pw_uid < 100 or entry.pw_uid == 65534]
    assert [name for name in base if not is_system_account(name)] == []


def test_an_account_of_ours_is_no_persons() -> None:
    assert is_system_account("opspact-backup")


@pytest.mark.parametrize("name", ["li-na", "roots", "backups", "ops", "listing"])
def test_a_persons_name_is_not(name: str) -> None:
    assert not is_system_account(name)
