"""On a machine on which the lab cannot run, the message says why; in CI that is a failure, elsewhere a skip."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.lab,
    pytest.mark.skipif(os.geteuid() != 0, reason="giving up a capability needs root"),
]

REPOSITORY = Path(__file__).parents[2]
# root without the right to make namespaces and mounts: what a container without privileges has
WITHOUT_RIGHTS = ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]
ONE_LAB_TEST = "tests/lab/test_lab.py::test_ops_may_use_sudo_and_nosudo_may_not"


def _run(command: list[str], **environment: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if name != "CI"}
    return subprocess.run(command, cwd=REPOSITORY, env=clean | environment, capture_output=True, text=True, check=False)


def test_each_missing_ability_is_named_with_exit_code_2() -> None:
    done = _run([*WITHOUT_RIGHTS, "ci/lab", "can"])
    assert (done.returncode, [line.partition(":")[0] for line in done.stdout.splitlines()]) == (
        2,
        ["namespaces", "network", "overlay"],
    )


def test_up_refuses_with_the_same_words_and_makes_nothing() -> None:
    done = _run([*WITHOUT_RIGHTS, "ci/lab", "up", "--name", "never"])
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("ci/lab: the lab cannot run on this machine:\n- namespaces: ")
    assert not Path("/var/lib/opspact-lab/never").exists()


@pytest.mark.parametrize(("environment", "code", "word"), [({}, 0, "1 skipped"), ({"CI": "true"}, 1, "1 error")])
def test_a_lab_test_is_skipped_where_no_lab_can_be_and_fails_in_ci(
    environment: dict[str, str], code: int, word: str
) -> None:
    done = _run([*WITHOUT_RIGHTS, sys.executable, "-m", "pytest", ONE_LAB_TEST], **environment)
    assert (done.returncode, word in done.stdout) == (code, True)


def test_a_wrong_call_is_refused_in_words(tmp_path: Path) -> None:
    (tmp_path / "hosts.json").write_text('[{"name": "app1"}]')
    refused = {
        (
            "up",
            "--name",
            "never",
            "--count",
            "0",
        ): "ci/lab: invalid hosts: ValueError('0 hosts: a lab has 1 to 253')",
        (
            "up",
            "--name",
            "never",
            "--hosts",
            str(tmp_path / "hosts.json"),
        ): "ci/lab: invalid hosts: KeyError('groups')",
        (
            "status",
            "--name",
            "../x",
        ): "ci/lab: lab name '../x': use up to 20 of a-z, 0-9 and -, starting with a letter",
        ("ssh", "--name", "never", "app1"): "ci/lab: lab never is not running: ci/lab up --name never",
    }
    said = {call: _run(["ci/lab", *call]) for call in refused}
    assert {call: (done.returncode, done.stderr.strip()) for call, done in said.items()} == {
        call: (2, words) for call, words in refused.items()
    }
