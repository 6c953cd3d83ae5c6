"""A ledger behind a folder that this user may not search: what needs no history goes on, and says that it has none."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from calling import Call, Contract, Said
from ledgers import BEGINNING, context

from opspact.cli.settings import LEDGER_FILE
from opspact.ledger.apply_events import HostRetired
from opspact.ledger.store import open_ledger
from opspact.model.names import CONTRACT_STATE

pytestmark = pytest.mark.slow

CAPABILITIES = "-dac_override,-dac_read_search"
WITHOUT_RIGHTS = ["setpriv", "--bounding-set", CAPABILITIES, "--inh-caps", CAPABILITIES]
"""Root without the rights by which root reads everything: a folder of another user is closed to it."""


@pytest.fixture
def powerless(contract: Contract) -> Call:
    """Return what calls opspact where the ledger's folder belongs to another user and is closed to all others."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("only root can give a folder away, and give up its rights")
    folder = contract.folder / CONTRACT_STATE
    folder.mkdir(mode=0o700)
    with open_ledger(folder / LEDGER_FILE) as ledger:
        ledger.record(HostRetired("old1", "scrapped"), context=context(BEGINNING))
    for path in (folder, *folder.iterdir()):
        os.chown(path, 1234, 1234)

    def call(*arguments: str, environment: object = None) -> Said:  # noqa: ARG001 - the signature of Call
        command = [*WITHOUT_RIGHTS, sys.executable, "-m", "opspact", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=contract.folder)
        return Said(done.returncode, done.stdout, done.stderr)

    return call


@pytest.mark.parametrize("command", [("check",), ("plan", "--base", "HEAD"), ("plan", "--live")])
def test_check_and_plan_go_on_without_a_ledger_that_they_may_not_read(
    contract: Contract, powerless: Call, command: tuple[str, ...]
) -> None:
    contract.git("init", "-q")
    contract.git("add", "-A", "policies", "inventory", "files")
    contract.git("commit", "-qm", "begin")
    said = powerless(*command)
    assert (said.code, "the ledger is not used" in said.err, "Permission denied" in said.err) == (0, True, True)


def test_a_plan_that_follows_from_history_is_refused_without_it(powerless: Call) -> None:
    said = powerless("plan")
    assert (said.code, "internal error" in said.err, "Permission denied" in said.err) == (2, False, True)


def test_a_ledger_that_only_its_owner_reads_is_called_that(contract: Contract, powerless: Call) -> None:
    (contract.folder / CONTRACT_STATE).chmod(0o755)
    said = powerless("plan")
    assert (said.code, "Permission denied" in said.err, "--live" in said.err) == (2, True, True)
    assert powerless("check").code == 0


def test_a_ledger_in_a_folder_that_is_read_only_is_read(contract: Contract, powerless: Call) -> None:
    place: Path = contract.folder / CONTRACT_STATE
    place.chmod(0o755)
    for file in place.iterdir():
        file.chmod(0o644)
    for command in ("check", "plan"):
        said = powerless(command)
        assert (said.code, "ledger" in said.err) == (0, False)
