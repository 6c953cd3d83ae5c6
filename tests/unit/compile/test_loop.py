from opspact.compile.loop import StepTask, grouped, loop
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.base import Step, Task, Template
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.package import Package
from opspact.steps.secret_file import SecretFile
from opspact.steps.unit import Unit
from opspact.values.secret import SecretReference


def names(*steps: Step) -> list[list[str]]:
    return [[tasks.task.name for tasks in group] for group in grouped((step, step.tasks()) for step in steps)]


def file(path: str, *, mode: str = "0644", validate: str = "") -> File:
    return File(path=path, content=Content.of(f"{path}\n"), mode=mode, validate=validate)


def keys(account: str) -> AuthorizedKeys:
    return AuthorizedKeys(account=account, home=f"/home/{account}", keys=(f"ssh-ed25519 AAAA {account}",))


def test_neighbouring_files_are_one_group() -> None:
    assert names(file("/etc/a"), file("/etc/b", mode="0600")) == [["Write /etc/a", "Write /etc/b"]]


def test_a_file_that_is_validated_first_goes_with_the_others_and_they_are_not_validated() -> None:
    steps = (file("/etc/a"), file("/etc/sudoers.d/b", validate="/usr/sbin/visudo -cf %s"), file("/etc/c"))
    (group,) = grouped((step, step.tasks()) for step in steps)
    made = loop(group)
    assert made.arguments["validate"] == "{{ item.validate | default(omit) }}"
    assert [item.get("validate") for item in made.items] == [None, "/usr/sbin/visudo -cf %s", None]


def test_the_order_between_kinds_stays() -> None:
    steps = (Directory(path="/srv/a"), Directory(path="/srv/b"), file("/srv/c"))
    assert names(*steps) == [["Create directory /srv/a", "Create directory /srv/b"], ["Write /srv/c"]]


def test_of_steps_with_several_tasks_all_first_ones_come_before_all_second_ones() -> None:
    steps = (file("/etc/a"), file("/etc/b"))
    touches = [Task(f"Touch {step.path}", "ansible.builtin.file", {"path": step.path}) for step in steps]
    pairs = [(step, (*step.tasks(), touch)) for step, touch in zip(steps, touches, strict=True)]
    assert [[tasks.task.name for tasks in group] for group in grouped(pairs)] == [
        ["Write /etc/a", "Write /etc/b"],
        ["Touch /etc/a", "Touch /etc/b"],
    ]


def test_packages_are_never_looped() -> None:
    assert names(Package(name="nginx"), Package(name="tree")) == [["Install nginx"], ["Install tree"]]


def test_what_handles_a_secret_stands_alone() -> None:
    secret = SecretReference("vault", "key")
    steps = [SecretFile(path=path, secret=secret) for path in ("/etc/a", "/etc/b")]
    assert names(*steps) == [["Write secret /etc/a"], ["Write secret /etc/b"]]


def test_units_are_started_together_and_then_read_their_files_together() -> None:
    units = [Unit(name=name, watches=(f"/etc/{name}",)) for name in ("a.service", "b.timer")]
    see, start, read = (loop(group) for group in grouped((unit, unit.tasks()) for unit in units))
    assert see.keywords["register"] == "opspact_definition"
    assert [item["subject"] for item in see.items] == ["a.service", "b.timer"]
    assert start.items == ({"name": "a.service"}, {"name": "b.timer"})
    assert start.control == {"label": "{{ item.name }}", "index_var": "opspact_position"}
    assert [list(item) for item in read.items] == [["subject", "argv"]] * 2


def test_systemd_reads_its_units_anew_at_most_once_in_a_loop() -> None:
    units = [Unit(name=name, watches=(f"/etc/{name}",)) for name in ("a.service", "b.timer")]
    _, start, _ = (loop(group) for group in grouped((unit, unit.tasks()) for unit in units))
    assert str(start.arguments["daemon_reload"]).startswith("{{ opspact_position == 0 and 'daemon-reload' in ")


def test_items_hold_only_what_differs_and_are_called_by_their_path() -> None:
    steps = [Directory(path=path, mode=mode) for path, mode in (("/srv/a", "0755"), ("/srv/b", "0750"))]
    made = loop([StepTask(step, *step.tasks()) for step in steps])
    assert made.name == "Create directory /srv/a and 1 more"
    assert made.label == "{{ item.path }}"
    assert made.items == ({"path": "/srv/a", "mode": "0755"}, {"path": "/srv/b", "mode": "0750"})
    assert made.arguments["owner"] == "root"
    assert isinstance(made.arguments["path"], Template)
