"""What every step kind keeps to: tasks of standard modules, removals, and plain data that reads back equal."""

import json
import re

import pytest
from all_steps import EXAMPLES, REPOSITORY, steps
from hypothesis import given
from hypothesis import strategies as st

from opspact.errors import Place
from opspact.model.origin import Origin
from opspact.steps.account import Account
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.backup_repository import BackupRepository
from opspact.steps.base import Step, Task, Template
from opspact.steps.closed_account import ClosedAccount
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.file import File, per_host_key, per_host_source
from opspact.steps.kinds import KINDS, as_data, from_data
from opspact.steps.link import Link
from opspact.steps.package import Package
from opspact.steps.table_rows import TableRows
from opspact.steps.unit import Unit
from opspact.structs import replace

ONLY_LOOK = {"http", "other-access", "port"}
ONE = Origin("service/mail", Place("policies/a.yaml", 3, 1), ("C1",))
OTHER = Origin("service/web", Place("policies/b.yaml", 7, 1))


def name_of(step: Step) -> str:
    return step.identity


def test_every_kind_has_an_example() -> None:
    assert {step.kind for step in EXAMPLES} == set(KINDS)


@pytest.mark.parametrize("step", EXAMPLES, ids=name_of)
def test_tasks_and_removals_are_named_and_of_standard_modules(step: Step) -> None:
    for task in (*step.tasks(), *step.removal()):
        assert re.fullmatch(r"ansible\.builtin\.[a-z_]+", task.module)
        assert re.match(r"[A-Z]", task.name)


@pytest.mark.parametrize("step", EXAMPLES, ids=name_of)
def test_what_can_be_made_can_be_taken_away(step: Step) -> None:
    only_looks = step.kind in ONLY_LOOK
    assert bool(step.tasks()) is not only_looks
    stays = isinstance(step, ClosedAccount | TableRows)  # nobody is let in again, and rows are the customer's
    assert bool(step.removal()) is not (only_looks or stays)


@pytest.mark.parametrize("step", EXAMPLES, ids=name_of)
def test_a_step_is_known_by_its_kind_and_subject_and_stands_by_its_rank(step: Step) -> None:
    assert step.identity == f"{step.kind} {step.subject}"
    assert step.order == (step.rank - (step.subject == "a.timer"), step.subject)


def test_things_are_made_before_what_needs_them() -> None:
    ranks = {kind: KINDS[kind].rank for kind in KINDS}
    order = ["package", "account", "directory", "file", "link", "authorized-keys", "backup-repository", "unit"]
    order += ["table-rows", "port"]
    assert sorted(order, key=ranks.__getitem__) == order
    assert ranks["secret-file"] == ranks["file"]
    assert ranks["http"] == ranks["port"]


def test_who_asks_for_a_step_does_not_make_it_another() -> None:
    assert Package(name="nginx", origins=(ONE,)) == Package(name="nginx", origins=(OTHER,))


@given(steps)
def test_a_step_reads_back_equal_from_its_data(step: Step) -> None:
    assert from_data(json.loads(json.dumps(as_data(step)))) == step


@given(steps)
def test_a_steps_data_holds_neither_content_nor_origins(step: Step) -> None:
    written = as_data(replace(step, origins=(ONE,)))
    assert "origins" not in written
    assert not any(isinstance(value, bytes | Content) for value in written.values())


def test_the_content_of_a_file_is_known_in_data_by_its_digest_alone() -> None:
    data = as_data(File(path="/etc/motd", content=Content.of("password: hunter2\n")))
    assert "hunter2" not in json.dumps(data)
    assert data["content"] == {"sha256": Content.of("password: hunter2\n").digest}


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"kind": "volume", "name": "x"},
        {"kind": "package"},
        {"kind": "package", "name": 5},
        {"kind": "package", "name": "nginx", "colour": "red"},
        {"kind": "package", "name": "nginx", "origins": []},
        {"kind": "file", "path": "/etc/motd", "content": "text"},
        {"kind": "file", "path": "/etc/motd", "content": {"sha256": 5}},
        {"kind": "file", "path": "/etc/motd", "content": {"sha256": "a"}, "restarts": ["a.service", 5]},
        {"kind": "file", "path": "/etc/motd", "content": {"sha256": "a"}, "restarts": "a.service"},
        {"kind": "port", "port": True},
        {"kind": "port", "port": "80"},
        {"kind": "unit", "name": "a.service", "running": 1},
        {"kind": "secret-file", "path": "/p", "secret": {"secret": ["sky", "x"]}},
        {"kind": "secret-file", "path": "/p", "secret": {"secret": ["vault"]}},
        {"kind": ["package"], "name": "nginx"},
    ],
)
def test_data_that_is_no_step_is_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="step"):
        from_data(data)


def test_equal_wishes_become_one_step_with_both_origins() -> None:
    both = Package(name="nginx", origins=(ONE,)).merged(Package(name="nginx", origins=(OTHER,)))
    assert both is not None
    assert both.origins == (ONE, OTHER)


def test_wishes_that_differ_do_not_merge() -> None:
    assert Directory(path="/srv", mode="0755").merged(Directory(path="/srv", mode="0700")) is None


def test_a_unit_reads_both_policies_files() -> None:
    one = Unit(name="nginx.service", watches=("/etc/b",), origins=(ONE,))
    other = Unit(name="nginx.service", watches=("/etc/a", "/etc/b"), origins=(OTHER,))
    assert one.merged(other) == Unit(name="nginx.service", watches=("/etc/a", "/etc/b"))
    assert one.merged(replace(other, enabled=False)) is None


def test_files_that_differ_in_content_alone_have_one_shape() -> None:
    one, other = (File(path="/etc/motd", content=Content.of(text)) for text in ("a", "b"))
    assert one != other
    assert one.shape == other.shape
    assert one.shape != replace(other, mode="0600").shape


def test_units_with_different_tests_do_not_merge() -> None:
    one = Unit(name="oa.service", test="oa --check")
    assert one.merged(Unit(name="oa.service", reloads=("/etc/oa",))) == replace(one, reloads=("/etc/oa",))
    assert one.merged(replace(one, test="oa --verify")) is None


def test_a_unit_follows_its_files_links_and_secrets() -> None:
    unit = Unit(name="a.service", watches=("/etc/a",), reloads=("/etc/b",))
    assert unit.follows == tuple(f"{kind} /etc/{name}" for name in "ab" for kind in ("file", "link", "secret-file"))


def test_systemd_reads_its_units_anew_only_when_a_definition_changed_since_it_did() -> None:
    unit = Unit(name="a.timer", watches=("/etc/systemd/system/a.service", "/etc/systemd/system/a.timer"))
    see, start, _ = unit.tasks()
    assert "--property=NeedDaemonReload --value -- a.timer a.service)" in str(see.arguments["cmd"])
    assert start.arguments["daemon_reload"] == "{{ 'daemon-reload' in opspact_definition.stdout_lines | default([]) }}"


def test_no_failed_question_of_a_task_is_ignored() -> None:
    for step in EXAMPLES:
        for task in (*step.tasks(), *step.removal()):
            assert task.keywords.get("failed_when") is not False
            assert not task.keywords.get("ignore_errors")


def test_a_stopped_unit_is_not_restarted_for_its_files() -> None:
    (keep,) = Unit(name="a.service", running=False, enabled=False, watches=("/etc/a",)).tasks()
    assert keep.arguments["state"] == "stopped"


def test_deleting_a_file_restarts_its_units_and_reloads_systemd() -> None:
    path = "/etc/systemd/system/a.timer"
    file = File(path=path, content=Content.of(""), restarts=("b.service",), reloads=("nginx.service",))
    delete, reload = file.removal()
    restart, read = file.after_removal()
    assert file.path in str(delete.arguments["cmd"])
    assert reload.arguments == {"daemon_reload": True}
    assert words(restart)[3:] == ["b.service", "/var/lib/opspact/units/b.service", "", "restart"]
    assert words(read)[3:] == ["nginx.service", "/var/lib/opspact/units/nginx.service", "nginx -t", "reload"]


def words(task: Task) -> list[str]:
    argv = task.arguments["argv"]
    assert isinstance(argv, list)
    return argv


def test_a_secret_is_never_shown_by_the_task_that_writes_it() -> None:
    (secret,) = [step for step in EXAMPLES if step.kind == "secret-file"]
    (task,) = secret.tasks()
    assert task.keywords == {"no_log": True, "diff": False}


def test_a_home_and_a_directory_with_other_things_in_it_stay() -> None:
    account = Account(name="li-na", home="/home/li-na")
    modules = {(task.module, task.arguments.get("state")) for task in account.removal()}
    directory = Directory(path="/srv/oa").removal()[0]
    assert ("ansible.builtin.user", "absent") not in modules
    assert not any("/home/li-na" in str(task.arguments) for task in account.removal())
    assert "then rmdir --ignore-fail-on-non-empty -- /srv/oa; fi" in str(directory.arguments["cmd"])


@pytest.mark.parametrize("step", [step for step in EXAMPLES if step.paths], ids=name_of)
def test_no_removal_asks_for_whatever_stands_at_a_path_to_be_deleted(step: Step) -> None:
    """Somebody may have put a directory where our file was: `state: absent` would delete it with all that is in it."""
    deleting = [task for task in step.removal() if task.module == "ansible.builtin.file"]
    assert deleting == []


@pytest.mark.parametrize("step", EXAMPLES, ids=name_of)
def test_nothing_below_a_home_is_touched_with_roots_rights(step: Step) -> None:
    if isinstance(step, AuthorizedKeys | BackupRepository):
        home = step.home if isinstance(step, AuthorizedKeys) else step.base
        below = [task for task in (*step.tasks(), *step.removal()) if home in str(task.arguments)]
        assert below
        for task in below:
            argv = task.arguments["argv"]
            assert isinstance(argv, list)
            if argv[0] == "python3":  # it follows no link below a home: tests/unit/onhost/test_key_files.py
                continue
            assert argv[argv.index("runuser") : argv.index("/bin/sh")] == ["runuser", "-u", step.account, "--"]
            assert argv[:3] == ["setsid", "--wait", "timeout"]


def test_only_a_path_where_others_may_write_is_looked_at_before_root_acts() -> None:
    ours = [Directory(path=path) for path in ("/etc/oa", "/srv/oa", "/etc/opspact/backup/keys")]
    others = [Directory(path=path) for path in ("/srv/oa/sub", "/etc/postgresql/15/main", "/tmp/a")]
    assert {len(step.tasks()) for step in ours} == {1}
    assert {len(step.tasks()) for step in others} == {2}


def test_what_others_let_in_too_stays_when_a_step_leaves() -> None:
    one, two = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA one", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBBB two"
    alone = AuthorizedKeys(account="li-na", home="/home/li-na", keys=(one, two))
    beside = AuthorizedKeys(account="li-na", home="/home/li-na", keys=(one,), exclusive=False)
    stranger = replace(beside, account="wang-fang", home="/home/wang-fang")
    assert alone.remainder([beside, stranger]) == replace(alone, keys=(two,))
    assert alone.remainder([stranger]) == alone
    assert beside.remainder([alone]) is None
    assert [alone.continues(beside), beside.continues(alone), stranger.continues(alone)] == [True, True, False]
    assert not alone.continues(alone)


@pytest.mark.parametrize("kind", [File, Link, Directory])
def test_a_path_is_one_kinds_alone(kind: type[File | Link | Directory]) -> None:
    (step,) = [step for step in EXAMPLES if isinstance(step, kind)][:1]
    assert step.paths == (step.path,)


@given(st.text(), st.text())
def test_a_files_key_for_its_content_per_host_is_its_own_and_plain(path: str, other: str) -> None:
    assert re.fullmatch(r"[A-Za-z0-9._@+-]+", per_host_key(path))
    assert (per_host_key(path) == per_host_key(other)) is (path == other)
    assert per_host_source(path) == Template("{{ opspact_files['" + per_host_key(path) + "'] }}")


@pytest.mark.parametrize("field", ["server", "account", "base", "repository"])
@pytest.mark.parametrize("hostile", ["x') }}{{ harm() }}{{ ('", "a'b", 'a"b', "a\\", "$(id)", "a b", "a\n", ""])
def test_a_note_on_a_host_cannot_put_a_template_into_a_removal(field: str, hostile: str) -> None:
    with pytest.raises(ValueError, match="not valid"):
        from_data(as_data(REPOSITORY) | {field: hostile})


def test_where_others_may_have_keys_too_each_of_ours_is_a_step_of_its_own() -> None:
    keys = ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA one", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBBB two")
    one, two = (AuthorizedKeys(account="li-na", home="/home/li-na", keys=(key,), exclusive=False) for key in keys)
    both = AuthorizedKeys(account="li-na", home="/home/li-na", keys=keys)
    assert len({one.identity, two.identity, both.identity}) == 3
    assert (one.paths, both.paths) == ((), ("/home/li-na/.ssh/authorized_keys",))
