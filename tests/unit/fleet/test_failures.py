"""What OpenSSH and sudo say becomes a class and a sentence. The texts are recorded from OpenSSH 9.2 and sudo 1.9.13."""

import pytest

from opspact.fleet.failures import ConnectionState, can_retry, lost, quoted, reach_of
from opspact.steps.check import Reach

CHANGED_KEY = b"""\
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@
@    WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED!     @
@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@@\r
IT IS POSSIBLE THAT SOMEONE IS DOING SOMETHING NASTY!\r
Host key for 198.51.100.11 has changed and you have requested strict checking.\r
Host key verification failed.\r
"""
JUMPED = b"""\
channel 0: open failed: connect failed: No route to host\r
stdio forwarding failed\r
Connection closed by UNKNOWN port 65535\r
"""


@pytest.mark.parametrize(
    ("said", "reach"),
    [
        (b"ssh: connect to host 198.51.100.9 port 22: No route to host\r\n", Reach.DOWN),
        (b"ssh: connect to host 198.51.100.9 port 22: Connection refused\r\n", Reach.DOWN),
        (b"ssh: connect to host 198.51.100.9 port 22: Connection timed out\r\n", Reach.DOWN),
        (b"ssh: Could not resolve hostname nowhere: Name or service not known\r\n", Reach.DOWN),
        (JUMPED, Reach.DOWN),
        (b"Connection timed out during banner exchange\r\n", Reach.CUT_OFF),
        (b"kex_exchange_identification: Connection closed by remote host\r\n", Reach.CUT_OFF),
        (CHANGED_KEY, Reach.WRONG_HOST_KEY),
        (b"No ED25519 host key is known for 198.51.100.9\r\nHost key verification failed.\r\n", Reach.WRONG_HOST_KEY),
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


def test_being_turned_away_at_the_door_is_worth_another_try() -> None:
    assert can_retry(b"kex_exchange_identification: read: Connection reset by peer\r\n")


def test_a_wrong_key_is_not_worth_another_try() -> None:
    assert not can_retry(CHANGED_KEY)


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
