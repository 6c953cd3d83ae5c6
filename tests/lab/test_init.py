"""What `opspact init` writes, carried out on a real host: made, looked at, nothing more to do."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from contracts import Contract, nothing_left
from labkit import HostSpec, Lab
from labkit.capability import missing_capabilities
from labkit.state import locked

pytestmark = pytest.mark.lab

NAME = f"{os.environ.get('OPSPACT_TEST_LAB', 'test')}-init"


@pytest.fixture(scope="module")
def one_host() -> Iterator[Lab]:
    """A lab of its own with one host."""
    if lacking := missing_capabilities():
        words = f"the lab cannot run on this machine: {'; '.join(lacking)}"
        if os.environ.get("CI") == "true":
            pytest.fail(words)
        pytest.skip(words)
    with locked(f"{NAME}-session"):
        running = Lab(NAME)
        running.down()
        try:
            yield running.up([HostSpec("first1", ("web",), 11)])
        finally:
            running.down()


@pytest.fixture
def begun(one_host: Lab) -> Iterator[Contract]:
    with tempfile.TemporaryDirectory(prefix="opc-", dir="/tmp") as home:  # short, for the sake of ssh's sockets
        contract = Contract(Path(home), "my-contract", "")
        contract.runs.mkdir(mode=0o700)
        Path(home, "vault-password").write_text("no secret is kept here\n", encoding="utf-8")
        program = Path(sys.executable).with_name("opspact")
        subprocess.run([program, "init", contract.folder], check=True, capture_output=True)
        one_host.inventory(contract.folder / "inventory")
        accepted = contract.folder / "policies" / "hosts.yaml"  # another host is told until somebody accepts that too
        accepted.write_text(accepted.read_text("utf-8").replace("only: [localhost]", "only: [first1]"), "utf-8")
        yield contract
        nothing_left(contract)


def test_the_contract_to_begin_with_is_carried_out_and_holds(one_host: Lab, begun: Contract) -> None:
    begun.good("check")
    applied = begun.good("apply", "--yes", "--format", "json").json
    assert (applied["converged"], applied["ansible_started"]) == (True, True)

    summary = begun.good("verify", "--format", "json").json["summary"]
    assert summary["planned"] == summary["ok"] > 10

    notice = one_host.root("first1", "cat /etc/maintenance-notice; id -nG li-na")
    assert "maintained under contract" in notice.out
    assert "adm" in notice.out.split()

    again = begun.good("apply", "--yes", "--format", "json").json
    assert (again["converged"], again["ansible_started"]) == (True, False)
