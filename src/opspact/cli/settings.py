"""What the options of opspact itself say, and what every command makes of them: workspace, screens, ledger.

Comes in: the parsed global options. Goes out: things ready for use.
"""

import os
import sys
from pathlib import Path
from typing import cast

import typer

from opspact.errors import Refused
from opspact.report.screen import Screen, screen
from opspact.structs import Struct

LEDGER_FILE = "ledger.sqlite3"


class PasswordSettings(Struct):
    """References to the passwords that sudo (`become`) and ssh ask for on hosts; with `ask_…`, one is typed in."""

    become: str = ""
    ask_become: bool = False
    ssh: str = ""
    ask_ssh: bool = False


class Settings(Struct):
    """The global options. `contract` None: the nearest that holds `policies/`; `ledger` None: in its `.opspact`.

    `quiet`: no progress is shown. `close_connections`: no connection stays open for the next command.
    """

    contract: Path | None = None
    ledger: str | None = None
    trust_inventory: bool = False
    verbose: int = 0
    no_color: bool = False
    passwords: PasswordSettings = PasswordSettings()
    quiet: bool = False
    close_connections: bool = False

    def folder(self) -> Path:
        """Return the contract's folder. Raise Refused when none is named and none is found."""
        if self.contract is not None:
            return self.contract.absolute()
        here = Path.cwd()
        for folder in (here, *here.parents):
            if (folder / "policies").is_dir():
                return folder
        raise Refused(
            f"no contract found: neither {here} nor a parent directory contains policies/",
            hint="use --contract DIR, or create one: `opspact init DIR`",
        )

    @property
    def named_ledger(self) -> str:
        """The ledger's path or URL where the caller names one, by option or environment; else empty."""
        return self.ledger or os.environ.get("OPSPACT_LEDGER", "")

    def ledger_target(self, state: Path) -> str:
        """Given the contract's folder for state, return the ledger's path or URL."""
        return self.named_ledger or str(state / LEDGER_FILE)

    @property
    def stdout(self) -> Screen:
        """Standard output, for results."""
        return screen(sys.stdout, no_color=self.no_color)

    @property
    def stderr(self) -> Screen:
        """Standard error, for progress and refusals."""
        return screen(sys.stderr, no_color=self.no_color)


def settings_of(context: typer.Context) -> Settings:
    """Given a command's context, return the global options that were parsed before it."""
    return cast("Settings", context.obj)
