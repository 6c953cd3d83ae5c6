"""A password reaches ssh through a program that it calls, and nothing of it outlives that."""

import os
import shlex
import signal
import subprocess
from pathlib import Path

import pytest

from opspact.fleet.failures import ConnectionState, reach_of
from opspact.fleet.ssh_password import password_environment
from opspact.steps.check import Reach
from opspact.values.secret import Secret

PASSWORD = "a'b\"c$d {{ 1 }}\\ 密码"


def answered(environment: dict[str, str], *prompts: str) -> tuple[int, str, str]:
    """Return how a process ends that asks for the password by these prompts, what it gets, and what it says."""
    asking = "".join(f"{shlex.quote(environment['SSH_ASKPASS'])} {shlex.quote(prompt)} || exit\n" for prompt in prompts)
    done = subprocess.run(["/bin/sh", "-c", asking + ":"], env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


def test_who_asks_for_a_password_gets_it_as_it_is() -> None:
    with password_environment(Secret(PASSWORD)) as given:
        environment = {**os.environ, **given}
        prompts = ("li@root@app1@192.0.2.1's password: ", "(li@192.0.2.1) Password: ", "请输入密码:")
        assert [answered(environment, prompt) for prompt in prompts] == [(0, PASSWORD, "")] * 3


def test_an_ssh_that_asks_again_is_ended_as_refused() -> None:
    with password_environment(Secret(PASSWORD)) as given:
        environment = {**os.environ, **given}
        for prompts in (["li@gate's password: "] * 2, ["(li@gate) Password: ", "li@gate's password: "]):
            status, said, complained = answered(environment, *prompts)
            assert (status, said) == (-signal.SIGTERM, PASSWORD)
            assert reach_of(complained.encode(), ConnectionState.CONNECTING, status=status) is Reach.ACCESS_DENIED


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("Are you sure you want to continue connecting (yes/no/[fingerprint])? ", ""),
        ("Enter passphrase for key '/root/.ssh/id_ed25519': ", ""),
        ("Enter PIN for ED25519-SK key: ", ""),
        ("Allow use of key?", "confirm"),
    ],
)
def test_no_other_question_is_answered(prompt: str, kind: str) -> None:
    with password_environment(Secret(PASSWORD)) as given:
        assert answered({**os.environ, **given, "SSH_ASKPASS_PROMPT": kind}, prompt) == (1, "", "")


def test_afterwards_it_is_gone_and_it_is_in_no_variable() -> None:
    with password_environment(Secret(PASSWORD)) as given:
        assert PASSWORD not in "".join(given.values())
        place = Path(given["SSH_ASKPASS"])
        assert place.exists()
    assert not place.exists()


def test_without_one_ssh_finds_nothing() -> None:
    with password_environment(None) as given:
        assert given == {}
