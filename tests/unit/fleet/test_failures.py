"""What OpenSSH and sudo say becomes a class and a sentence.

The texts are recorded from OpenSSH 9.2 and 10.0, sudo 1.9.13 and sudo-rs 0.2.5.
"""

import pytest

from opspact.fleet.failures import (
    ConnectionState,
    jump_host_lost,
    login_refused,
    lost,
    privilege_refused,
    quoted,
    reach_of,
)
from opspact.fleet.route import Route
from opspact.fleet.ssh_messages import is_closed_before_login
from opspact.steps.check import Reach

CHANGED_KEY = b"""\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\r
Host key for 198.51.100.11 has changed and you have requested strict checking.\r
Host key verification failed.\r
"""
CLOSED = b"kex_exchange_identification: Connection closed by remote host\r\n"
RESET = b"kex_exchange_identification: read: Connection reset by peer\r\nConnection reset by 127.0.0.1 port 4275\r\n"
FORBIDDEN = b"channel 0: open failed: administratively prohibited: open failed\r\nstdio forwarding failed\r\n"
ENDS = {
    "9.2": CLOSED + b"Connection closed by UNKNOWN port 65535\r\n",
    "10.0": b"Connection closed by UNKNOWN port 65535\r\n",
}
"""What ssh says of its own connection when its jump host's has ended."""
UNKNOWN_KEY = b"""\
No ED25519 host key is known for [127.0.0.1]:4271 and you have requested strict checking.\r
Host key verification failed.\r
"""
BROKEN_PROXY = b"""\
/bin/bash: line 1: exec: nosuchprog: not found
banner exchange: Connection to UNKNOWN port 65535: Broken pipe\r
"""
SILENCE_BEHIND = b"Connection timed out during banner exchange\r\nConnection to UNKNOWN port 65535 timed out\r\n"
BANNER = b"Authorised use only. Disconnect now.\r\n"
DENIED = b"root@127.0.0.1: Permission denied (publickey,keyboard-interactive).\r\n"


@pytest.mark.parametrize(
    ("said", "reach"),
    [
        (b"ssh: connect to host 198.51.100.9 port 22: No route to host\r\n", Reach.DOWN),
        (b"ssh: connect to host 198.51.100.9 port 22: Connection refused\r\n", Reach.DOWN),
        (b"ssh: connect to host 198.51.100.9 port 22: Connection timed out\r\n", Reach.DOWN),
        (b"ssh: Could not resolve hostname nowhere: Name or service not known\r\n", Reach.DOWN),
        (b"Connection timed out during banner exchange\r\n", Reach.CUT_OFF),
        (b"kex_exchange_identification: Connection closed by remote host\r\n", Reach.CUT_OFF),
        (CHANGED_KEY, Reach.WRONG_HOST_KEY),
        (UNKNOWN_KEY, Reach.UNKNOWN_HOST_KEY),
        (b"Host key verification failed.\r\n", Reach.UNKNOWN_HOST_KEY),
        (b"ops@198.51.100.9: Permission denied (publickey).\r\n", Reach.ACCESS_DENIED),
        (b"Received disconnect from 198.51.100.9: 2: Too many authentication failures\r\n", Reach.ACCESS_DENIED),
        (b"command-line: line 0: Bad configuration option: nonsense\r\n", Reach.BROKEN),
    ],
)
def test_ssh_that_does_not_get_in_says_why(said: bytes, reach: Reach) -> None:
    assert reach == reach_of(said, ConnectionState.CONNECTING, status=255)


def test_a_login_shell_that_ends_at_once_is_no_usable_shell() -> None:
    assert reach_of(b"This account is currently not available.\n", ConnectionState.CONNECTING, status=1) == Reach.BROKEN


@pytest.mark.parametrize(
    "said",
    [b"sudo: a password is required\n", b"sudo: \xe9\x9c\x80\xe8\xa6\x81\xe5\xaf\x86\xe7\xa0\x81\n", b""],
)
def test_a_login_that_does_not_become_root_lacks_privilege_in_any_language(said: bytes) -> None:
    assert reach_of(said, ConnectionState.LOGGED_IN, status=1) == Reach.NO_PRIVILEGE


def test_a_connection_that_breaks_while_root_is_asked_for_is_cut_off() -> None:
    said = b"client_loop: send disconnect: Broken pipe\r\n"
    assert reach_of(said, ConnectionState.LOGGED_IN, status=255) == Reach.CUT_OFF


def test_words_of_a_program_on_the_host_are_not_taken_for_sshs_own() -> None:
    said = b"git@example: Permission denied (publickey).\r\nTimeout, server 198.51.100.9 not responding.\r\n"
    assert reach_of(said, ConnectionState.READY, status=255) == Reach.CUT_OFF


def test_a_shell_that_goes_away_under_a_living_connection_is_broken() -> None:
    assert reach_of(b"", ConnectionState.READY, status=137) == Reach.BROKEN


@pytest.mark.parametrize("ssh", ENDS)
@pytest.mark.parametrize(
    ("said", "inner"),
    [
        (b"ssh: connect to host 127.0.0.1 port 4279: Connection refused\r\n", "unreachable"),
        (b"ssh: Could not resolve hostname nowhere.invalid: Name or service not known\r\n", "unreachable"),
        (BANNER + b"ssh: connect to host 127.0.0.1 port 4279: Connection timed out\r\n", "unreachable"),
        (UNKNOWN_KEY, "host key is not in known_hosts"),
        (CHANGED_KEY, "host key does not match known_hosts"),
        (DENIED, "login refused"),
        (FORBIDDEN, "login refused"),
        (RESET, "connection lost"),
    ],
)
def test_a_jump_host_that_fails_is_named_not_its_target(said: bytes, inner: str, ssh: str) -> None:
    assert reach_of(said + ENDS[ssh], ConnectionState.CONNECTING, status=255) == Reach.NO_JUMP_HOST
    lost = jump_host_lost("web1", Route("198.51.100.9", proxy="gate"), said + ENDS[ssh])
    assert (lost.reach, lost.detail.startswith(f"jump host gate: {inner}: ")) == (Reach.NO_JUMP_HOST, True)
    assert "UNKNOWN port" not in lost.detail


def test_a_jump_host_that_refuses_a_password_gets_the_way_out() -> None:
    said = b"li@gate: Permission denied (publickey,password).\r\nConnection closed by UNKNOWN port 65535\r\n"
    given = jump_host_lost("web1", Route("web1", proxy="gate"), said, password_given=True)
    without = jump_host_lost("web1", Route("web1", proxy="gate"), said.replace(b"publickey,", b""))
    assert ("password is wrong" in given.detail, "--ssh-password" in without.detail) == (True, True)


def test_a_proxy_command_that_is_not_installed_is_no_fault_of_the_host() -> None:
    assert reach_of(BROKEN_PROXY, ConnectionState.CONNECTING, status=255) == Reach.NO_JUMP_HOST
    lost = jump_host_lost("web1", Route("web1", proxy="nosuchprog %h"), BROKEN_PROXY)
    assert lost.detail == "jump host nosuchprog %h: no usable shell: /bin/bash: line 1: exec: nosuchprog: not found"


@pytest.mark.parametrize("banner", [b"", BANNER])
@pytest.mark.parametrize(
    "said",
    [
        b"channel 0: open failed: connect failed: No route to host\r\nstdio forwarding failed\r\n" + ENDS["9.2"],
        b"channel 0: open failed: connect failed: Temporary failure in name resolution\r\n" + ENDS["10.0"],
        SILENCE_BEHIND,
    ],
)
def test_a_target_that_its_jump_host_does_not_reach_is_down(said: bytes, banner: bytes) -> None:
    assert reach_of(banner + said, ConnectionState.CONNECTING, status=255) == Reach.DOWN


@pytest.mark.parametrize("said", [UNKNOWN_KEY, CHANGED_KEY, DENIED])
def test_a_target_that_refuses_behind_a_working_jump_host_is_the_one_that_is_meant(said: bytes) -> None:
    assert reach_of(said, ConnectionState.CONNECTING, status=255) != Reach.NO_JUMP_HOST


@pytest.mark.parametrize(
    "said",
    [
        *ENDS.values(),  # behind a jump host
        BANNER + ENDS["9.2"],
        RESET,
        b"Connection closed by 127.0.0.1 port 4275\r\n",
        CLOSED + b"Connection closed by 127.0.0.1 port 4275\r\n",
    ],
)
def test_being_turned_away_at_the_door_is_worth_another_try(said: bytes) -> None:
    assert is_closed_before_login(said.decode())
    assert reach_of(said, ConnectionState.CONNECTING, status=255) == Reach.CUT_OFF


@pytest.mark.parametrize("ends", [b"", *ENDS.values()])
@pytest.mark.parametrize("said", [CHANGED_KEY, UNKNOWN_KEY, DENIED])
def test_a_key_or_a_login_that_is_refused_is_not_worth_another_try(said: bytes, ends: bytes) -> None:
    assert not is_closed_before_login((said + ends).decode())


@pytest.mark.parametrize(
    ("said", "way_out"),
    [
        (b"sudo: a password is required\n", "--ask-become-pass"),
        (b"sudo-rs: interactive authentication is required\n", "--ask-become-pass"),
        (b"sudo: sorry, you must have a tty to run sudo\n", "requiretty"),
        (b"/bin/sh: 1: exec: sudo: not found\n", "sudo is not installed"),
        (b"sudo: account validation failure, is your account locked?\nsudo: a password is required\n", "has expired"),
        (b"sudo-rs: I'm sorry opsx. I'm afraid I can't do that\n", ""),
        (b"sudo: /usr/bin/sudo must be owned by uid 0 and have the setuid bit set\n", ""),
    ],
)
def test_a_password_is_asked_for_only_where_sudo_asks_for_one(said: bytes, way_out: str) -> None:
    words = privilege_refused(said, password_given=False)
    assert (way_out in words, "become-pass" in words) == (True, way_out == "--ask-become-pass")
    assert words.startswith(quoted(said))
    assert "become-pass" not in privilege_refused(said, password_given=True)


def test_what_was_said_is_repeated_without_control_characters_and_short() -> None:
    assert quoted(b"one\n\x1b[31mtw\x07o\r\nthree\n\n  four\x00\n") == "three; four"
    assert len(quoted(b"x" * 5000)) == 400


@pytest.mark.parametrize("reach", [each for each in Reach if each not in {Reach.REACHED, Reach.NOT_CHECKED}])
def test_only_a_host_that_is_down_is_called_unreachable(reach: Reach) -> None:
    detail = lost("web1", reach, "li-na").detail

    assert detail.count("unreachable") == (reach is Reach.DOWN)
    assert (detail == "locked by li-na") is (reach is Reach.BUSY)


def test_the_operator_gets_a_sentence_with_what_ssh_said() -> None:
    said = b"ssh: connect to host 198.51.100.9 port 22: Connection refused\r\n"
    expected = "web1: unreachable: ssh: connect to host 198.51.100.9 port 22: Connection refused"
    assert expected == str(lost("web1", Reach.DOWN, said))


@pytest.mark.parametrize(
    ("methods", "is_way"), [("password", True), ("password,keyboard-interactive", True), ("publickey,password", False)]
)
def test_a_login_without_a_password_names_the_option_where_nothing_else_is_accepted(methods: str, is_way: bool) -> None:
    said = f"li@root@app1@192.0.2.1: Permission denied ({methods}).\r\n".encode()
    assert ("--ask-pass" in login_refused(said, password_given=False)) is is_way
    assert "--ask-pass" not in login_refused(said, password_given=True)
