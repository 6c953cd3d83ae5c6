"""The passwords of sudo and ssh: by reference or typed in, asked for only to reach hosts, and never repeated."""

import os
import subprocess
import sys

import pytest
from calling import Call, Contract

SECRET = "Pass-5c1e7d"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--become-password", SECRET, "verify"],
        ["--become-password", f"secret:vault:{SECRET}?", "verify"],
        ["--become-password", "secret:env:NOT_SET_HERE", "verify"],
        ["--become-password", "secret:env:HOME", "--ask-become-pass", "verify"],
        ["--ask-become-pass", "verify"],
        ["apply", "--yes", "--ask-become-pass"],
        ["--ssh-password", SECRET, "verify"],
        ["--ssh-password", "secret:env:HOME", "--ask-pass", "verify"],
        ["verify", "--ask-pass"],
    ],
)
def test_what_cannot_be_followed_is_refused_without_repeating_it(opspact: Call, arguments: list[str]) -> None:
    said = opspact(*arguments)

    assert (said.code, SECRET in said.out + said.err) == (2, False)


def test_a_command_that_reaches_no_host_asks_for_nothing(opspact: Call) -> None:
    assert opspact("plan", "--ask-become-pass").code == 0
    assert opspact("check", "--become-password", "secret:env:NOT_SET_HERE").code == 0


@pytest.mark.parametrize(
    "variable", ["ansible_become_password", "ansible_become_pass", "ansible_sudo_pass", "ansible_password"]
)
def test_one_in_the_inventory_is_refused(contract: Contract, opspact: Call, variable: str) -> None:
    contract.write(
        "inventory/hosts.yaml", f"all: {{hosts: {{here: {{ansible_connection: local, {variable}: {SECRET}}}}}}}\n"
    )
    said = opspact("verify")

    assert (said.code, SECRET in said.out + said.err) == (2, False)


@pytest.mark.slow
def test_on_a_terminal_it_is_typed_in_unseen() -> None:
    command = ["script", "-qec", f"{sys.executable} -m opspact verify --ask-become-pass", "/dev/null"]
    pipe = subprocess.PIPE
    shown = b""
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env={**os.environ, "TERM": "dumb"}) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        while b"sudo password: " not in shown and (part := os.read(process.stdout.fileno(), 1000)):
            shown += part  # typed ahead, it would be thrown away, and shown
        process.stdin.write(f"{SECRET}\n".encode())
        process.stdin.flush()
        shown += process.stdout.read()
        code = process.wait(timeout=30)

    assert (code, SECRET.encode() in shown) == (1, False), shown
