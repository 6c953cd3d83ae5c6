"""What a run on real (local) hosts says about them."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest

from opspact.errors import NothingFound, Refused
from opspact.fleet.ansible import HostState, RunEvent, RunSettings, RunStatus, TaskStatus, run_project

pytestmark = pytest.mark.slow

Written = Callable[..., Path]
Strategy = Literal["mitogen", "plain"]
both = pytest.mark.parametrize("strategy", ["mitogen", "plain"])

OK_TASK = {"name": "Look at a folder", "ansible.builtin.stat": {"path": "/etc"}}
CHANGING = {"name": "Say something", "ansible.builtin.command": "echo hello"}


@both
def test_a_run_that_went_well_has_every_planned_host_and_counts_its_changes(
    written: Written, base: Path, strategy: Strategy
) -> None:
    events: list[RunEvent] = []
    settings = RunSettings(strategy=strategy, base=base)
    outcome = run_project(written(OK_TASK, CHANGING), ["one", "two"], settings=settings, on_event=events.append)
    assert outcome.status is RunStatus.SUCCESSFUL
    assert outcome.strategy == strategy
    assert [(host.name, host.state, host.changed) for host in outcome.hosts.values()] == [
        ("one", HostState.OK, 1),
        ("two", HostState.OK, 1),
    ]
    assert [(event.task, event.status) for event in events if event.host == "one"] == [
        ("Look at a folder", TaskStatus.STARTED),
        ("Look at a folder", TaskStatus.OK),
        ("Say something", TaskStatus.STARTED),
        ("Say something", TaskStatus.CHANGED),
    ]
    assert list(base.glob("run-*")) == []


def test_mitogen_leaves_every_processor_to_every_process(written: Written, base: Path) -> None:
    here = len(os.sched_getaffinity(0))
    look = {
        "name": "Count a worker's processors",
        "ansible.builtin.assert": {"that": f"lookup('ansible.builtin.pipe', 'nproc') | int == {here}"},
    }
    outcome = run_project(written(look), ["one"], settings=RunSettings(strategy="mitogen", base=base))
    assert (outcome.status, outcome.hosts["one"].message) == (RunStatus.SUCCESSFUL, "")


@both
def test_a_failed_task_is_named_with_its_reason_and_the_other_host_goes_on(
    written: Written, base: Path, strategy: Strategy
) -> None:
    failing = {
        "name": "Break on one",
        "ansible.builtin.command": "printf 'no \\033[31mred\\r\\nhere' && false",
        "when": "inventory_hostname == 'one'",
    }
    failing["ansible.builtin.shell"] = failing.pop("ansible.builtin.command")
    outcome = run_project(
        written(failing, CHANGING), ["one", "two"], settings=RunSettings(strategy=strategy, base=base)
    )
    assert outcome.status is RunStatus.FAILED
    assert (outcome.hosts["one"].state, outcome.hosts["one"].task) == (HostState.FAILED, "Break on one")
    assert outcome.hosts["one"].message.endswith("non-zero return code: no  [31mred\nhere")
    assert (outcome.hosts["two"].state, outcome.hosts["two"].changed) == (HostState.OK, 1)


def test_a_planned_host_that_no_play_reaches_is_missing_though_ansible_calls_it_a_success(
    written: Written, base: Path
) -> None:
    project = written(CHANGING, pattern="one")
    outcome = run_project(project, ["one", "two"], settings=RunSettings(strategy="plain", base=base))
    assert outcome.status is RunStatus.FAILED
    assert {name: host.state for name, host in outcome.hosts.items()} == {
        "one": HostState.OK,
        "two": HostState.MISSING,
    }


def test_a_play_that_matches_nobody_leaves_every_planned_host_missing(written: Written, base: Path) -> None:
    outcome = run_project(written(CHANGING, pattern="wbe"), ["one"], settings=RunSettings(strategy="plain", base=base))
    assert (outcome.status, outcome.hosts["one"].state) == (RunStatus.FAILED, HostState.MISSING)


def test_a_planned_host_that_the_inventory_does_not_know_is_missing(written: Written, base: Path) -> None:
    outcome = run_project(written(CHANGING), ["one", "ghost"], settings=RunSettings(strategy="plain", base=base))
    assert (outcome.status, outcome.hosts["ghost"].state) == (RunStatus.FAILED, HostState.MISSING)
    assert "Could not match supplied host pattern, ignoring: ghost" in outcome.detail


def test_hosts_that_are_not_planned_are_left_alone(written: Written, base: Path, tmp_path: Path) -> None:
    touching = {
        "name": "Touch",
        "ansible.builtin.copy": {"content": "x", "dest": f"{tmp_path}/{{{{ inventory_hostname }}}}"},
    }
    outcome = run_project(written(touching), ["two"], settings=RunSettings(strategy="plain", base=base))
    assert list(outcome.hosts) == ["two"]
    assert [(tmp_path / name).exists() for name in ("one", "two")] == [False, True]


def test_a_failure_that_the_playbook_ignores_or_rescues_leaves_the_host_ok(written: Written, base: Path) -> None:
    ignored = {"name": "Ignored", "ansible.builtin.command": "false", "ignore_errors": True}
    block = {"name": "Try", "block": [{"name": "Rescued", "ansible.builtin.command": "false"}], "rescue": [OK_TASK]}
    outcome = run_project(written(ignored, block), ["one"], settings=RunSettings(strategy="plain", base=base))
    assert outcome.status is RunStatus.SUCCESSFUL
    assert (outcome.hosts["one"].state, outcome.hosts["one"].message) == (HostState.OK, "")


@both
def test_a_host_that_cannot_be_reached_is_unreachable(written: Written, base: Path, strategy: Strategy) -> None:
    project = written(CHANGING)
    hosts = {"one": {"ansible_connection": "local"}, "two": {"ansible_host": "127.0.0.1", "ansible_port": 1}}
    (project / "inventory" / "hosts.yaml").write_text(json.dumps({"all": {"hosts": hosts}}))
    outcome = run_project(project, ["one", "two"], settings=RunSettings(strategy=strategy, base=base))
    assert outcome.status is RunStatus.FAILED
    assert {name: host.state for name, host in outcome.hosts.items()} == {
        "one": HostState.OK,
        "two": HostState.UNREACHABLE,
    }
    # ssh may be gone before Ansible has fed it the module: then it says that, and not what ssh said.
    assert re.search("refused|could not be sent", outcome.hosts["two"].message)


def test_a_playbook_that_ansible_cannot_read_is_broken_with_its_own_words(written: Written, base: Path) -> None:
    project = written({"name": "No such module", "ansible.builtin.nonsense": {}})
    outcome = run_project(project, ["one"], settings=RunSettings(strategy="plain", base=base))
    assert (outcome.status, outcome.hosts["one"].state) == (RunStatus.BROKEN, HostState.MISSING)
    assert "couldn't resolve module/action 'ansible.builtin.nonsense'" in outcome.detail


def test_an_inventory_that_does_not_parse_is_broken_and_nothing_runs(written: Written, base: Path) -> None:
    project = written(CHANGING)
    (project / "inventory" / "hosts.yaml").write_text("all: [hosts: {")
    outcome = run_project(project, ["one"], settings=RunSettings(strategy="plain", base=base))
    assert outcome.status is RunStatus.BROKEN
    assert "inventory" in outcome.detail


def test_the_users_own_ansible_settings_do_not_count(
    written: Written, base: Path, *, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "ansible.cfg").write_text("[defaults]\nstdout_callback = nonsense\nstrategy = nonsense\n")
    monkeypatch.setenv("ANSIBLE_CONFIG", str(tmp_path / "ansible.cfg"))
    monkeypatch.setenv("ANSIBLE_STRATEGY", "nonsense")
    project = written(CHANGING)
    (project / "ansible.cfg").write_text("[defaults]\nstrategy = nonsense\n")
    outcome = run_project(project, ["one"], settings=RunSettings(strategy="plain", base=base))
    assert outcome.successful


def test_without_hosts_there_is_nothing_to_run(written: Written, base: Path) -> None:
    with pytest.raises(NothingFound, match="no hosts"):
        run_project(written(CHANGING), [], settings=RunSettings(base=base))


@pytest.mark.parametrize("name", ["all", "web*", "a,b", "!one", "@file", "", "x:y", "one\ntwo"])
def test_a_pattern_is_not_taken_for_a_planned_host(written: Written, base: Path, name: str) -> None:
    with pytest.raises(Refused, match="invalid host name"):
        run_project(written(CHANGING), [name], settings=RunSettings(base=base))


def test_a_folder_that_is_no_project_is_refused(tmp_path: Path, base: Path) -> None:
    with pytest.raises(Refused, match=r"no site\.yml"):
        run_project(tmp_path, ["one"], settings=RunSettings(base=base))


def test_an_ansible_that_mitogen_does_not_support_runs_without_it_and_says_so(
    written: Written, base: Path, *, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = tmp_path / "packages" / "ansible_core-2.99.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: ansible-core\nVersion: 2.99.0\n")
    monkeypatch.syspath_prepend(metadata.parent)
    project = written(CHANGING)
    outcome = run_project(project, ["one"], settings=RunSettings(base=base))
    assert (outcome.status, outcome.strategy) == (RunStatus.SUCCESSFUL, "plain")
    assert outcome.notes == ("without mitogen: mitogen 0.3.54 is not known to work with ansible-core 2.99.0",)
    with pytest.raises(Refused, match=r"not known to work with ansible-core 2\.99\.0"):
        run_project(project, ["one"], settings=RunSettings(strategy="mitogen", base=base))


def test_a_mitogen_that_cannot_start_gives_way_to_plain_ansible_and_says_so(
    written: Written, base: Path, tmp_path: Path
) -> None:
    plugins = tmp_path / "strategy"
    plugins.mkdir()
    (plugins / "mitogen_linear.py").write_text("raise ImportError('made for another Ansible')\n")
    settings = RunSettings(base=base, mitogen_plugins=plugins)
    outcome = run_project(written(CHANGING), ["one"], settings=settings)
    assert (outcome.status, outcome.strategy) == (RunStatus.SUCCESSFUL, "plain")
    assert outcome.notes[0].startswith("mitogen failed to start, using plain Ansible: ")
