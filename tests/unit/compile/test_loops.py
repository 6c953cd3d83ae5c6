from opspact.compile.loops import grouped, loop
from opspact.model.steps.authorized_keys import AuthorizedKeys
from opspact.model.steps.base import Step, Template
from opspact.model.steps.content import Content
from opspact.model.steps.directory import Directory
from opspact.model.steps.file import File
from opspact.model.steps.package import Package
from opspact.model.steps.unit import Unit


def names(*steps: Step) -> list[list[str]]:
    return [[asked.task.name for asked in group] for group in grouped((step, step.tasks()) for step in steps)]


def file(path: str, *, mode: str = "0644", validate: str = "") -> File:
    return File(path=path, content=Content.of(f"{path}\n"), mode=mode, validate=validate)


def keys(account: str) -> AuthorizedKeys:
    return AuthorizedKeys(account=account, home=f"/home/{account}", keys=(f"ssh-ed25519 AAAA {account}",))


def test_neighbouring_files_are_one_group() -> None:
    assert names(file("/etc/a"), file("/etc/b", mode="0600")) == [["Write /etc/a", "Write /etc/b"]]


def test_a_file_that_is_validated_first_stands_alone() -> None:
    steps = (file("/etc/a"), file("/etc/sudoers.d/b", validate="/usr/sbin/visudo -cf %s"), file("/etc/c"))
    assert names(*steps) == [["Write /etc/a"], ["Write /etc/sudoers.d/b"], ["Write /etc/c"]]


def test_the_order_between_kinds_stays() -> None:
    steps = (Directory(path="/srv/a"), Directory(path="/srv/b"), file("/srv/c"))
    assert names(*steps) == [["Make directory /srv/a", "Make directory /srv/b"], ["Write /srv/c"]]


def test_of_steps_with_several_tasks_all_first_ones_come_before_all_second_ones() -> None:
    pairs = [(step, (*step.tasks(), *step.removal()[:1])) for step in (file("/etc/a"), file("/etc/b"))]
    assert [[asked.task.name for asked in group] for group in grouped(pairs)] == [
        ["Write /etc/a", "Write /etc/b"],
        ["Delete /etc/a", "Delete /etc/b"],
    ]


def test_what_registers_a_result_or_takes_long_is_never_looped() -> None:
    packages = (Package(name="nginx"), Package(name="tree"))
    units = (Unit(name="a.service", watches=("/etc/a",)), Unit(name="b.service", watches=("/etc/b",)))
    assert {1} == {len(group) for group in names(*packages, *units)}


def test_items_hold_only_what_differs_and_are_called_by_their_path() -> None:
    made = loop([Directory(path=path, mode=mode).tasks()[0] for path, mode in (("/srv/a", "0755"), ("/srv/b", "0750"))])
    assert made.name == "Make directory /srv/a and 1 more"
    assert made.label == "{{ item.path }}"
    assert made.items == ({"path": "/srv/a", "mode": "0755"}, {"path": "/srv/b", "mode": "0750"})
    assert made.arguments["owner"] == "root"
    assert isinstance(made.arguments["path"], Template)
