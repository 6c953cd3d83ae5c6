"""`opspact completion SHELL`: the script with which a shell completes commands, options and names of the contract.

Comes in: the shell. Goes out: its script. `opspact.cli.candidates` answers what the script asks.
"""

import sys
from enum import StrEnum
from typing import Annotated

import typer

from opspact.cli.candidates import SCRIPTS
from opspact.errors import ExitCode

_HELP = (
    "The shell. In ~/.bashrc or ~/.zshrc: `source <(opspact completion bash)` or `zsh`; "
    "in fish's configuration: `opspact completion fish | source`."
)


class Shell(StrEnum):
    """The shells with a script."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def command(shell: Annotated[Shell, typer.Argument(metavar="SHELL", help=_HELP)]) -> ExitCode:
    """Given a shell, print its script."""
    sys.stdout.write((SCRIPTS / f"opspact.{shell}").read_text("utf-8"))
    return ExitCode.CLEAN
