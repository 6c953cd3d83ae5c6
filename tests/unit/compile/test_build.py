"""Policies become each host's work: merged where they agree, refused where not, shared between hosts that are alike."""

from datetime import date

import pytest
import yaml
from building import INVENTORY, backup, compiled, service, tree, work

from opspact.compile.project import project
from opspact.compile.shape import Work, shapes
from opspact.errors import Refused
from opspact.steps.account import Account
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.base import Step
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.file import File, per_host_key
from opspact.steps.package import Package

MOTD = 'files: [{path: /etc/motd, content: "under contract\\n"}]'
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJRVRdO7gHpxdAuSwxRFixeL8/Cvy18evBS9mHH7xAOi li-na"


def fleet(number: int, *, group: str = "web") -> str:
    return f"all: {{children: {{{group}: {{hosts: {{'app[1:{number}]': {{}}}}}}}}}}\n"


def test_a_file_wanted_equally_by_two_policies_is_one_step_asked_for_by_both() -> None:
    found = work(tree(service("one", MOTD), service("two", MOTD, hosts="app2")))
    (shared,) = found["app2"].make
    assert [str(origin) for origin in shared.origins] == [
        "policies/p0.yaml:5 (service/one)",
        "policies/p1.yaml:5 (service/two)",
    ]
    assert len(found["app1"].make[0].origins) == 1


def test_hosts_whose_steps_differ_in_who_asks_alone_are_one_shape_that_names_everybody() -> None:
    found = work(tree(service("one", MOTD), service("two", MOTD, hosts="app2")))
    (shape,) = shapes(found)
    assert shape.hosts == ("app1", "app2")
    assert [origin.policy for origin in shape.work.make[0].origins] == ["service/one", "service/two"]


def test_a_conflict_on_ten_thousand_hosts_is_told_once() -> None:
    other = MOTD.replace("under contract", "by the other")
    with pytest.raises(Refused) as refused:
        work(tree(service("one", MOTD), service("two", other), inventory=fleet(10_000)))
    (problem,) = refused.value.problems
    assert problem.message == "two policies conflict over file /etc/motd on app1 and 9,999 others"


def test_a_conflict_of_files_that_are_each_hosts_own_is_told_once_too() -> None:
    mine = "files: [{path: /etc/motd, template: files/t.j2}]"
    files = tree(
        service("one", mine),
        service("two", MOTD),
        inventory=fleet(500),
        files={"files/t.j2": "{{ host.name }}"},
    )
    with pytest.raises(Refused) as refused:
        work(files)
    (problem,) = refused.value.problems
    assert problem.message.endswith("on app1 and 499 others")


def test_one_service_that_names_a_port_twice_does_not_contradict_itself() -> None:
    (step,) = work(tree(service("one", "normal: [{tcp: {port: 80}}, {tcp: {port: 80}}]")))["app1"].make
    assert step.identity == "port tcp/80"


def test_hosts_in_no_policy_have_no_work_and_no_play() -> None:
    found = work(tree(service("one", MOTD)))
    assert found["db1"] == Work()
    (shape,) = shapes(found)
    assert shape.hosts == ("app1", "app2")


def test_work_stands_in_the_inventorys_order() -> None:
    assert list(work(tree(service("one", MOTD)))) == ["app1", "app2", "db1", "backup1", "backup2"]


def test_alike_hosts_share_one_work_however_many_there_are() -> None:
    policies = [service("one", MOTD), service("two", "packages: [nginx]"), backup("daily")]
    inventory = fleet(5_000).replace("}}}}\n", "}}, backup: {hosts: {backup1: }}}}\n")
    found = work(tree(*policies, inventory=inventory))
    assert len(found) == 5_001
    assert len({id(of_host) for of_host in found.values()}) == 2


def test_hosts_with_one_file_of_their_own_share_their_other_steps_and_their_play() -> None:
    policies = [service("one", "packages: [nginx]\nfiles: [{path: /etc/motd, template: files/t.j2}]")]
    files = tree(*policies, inventory=fleet(200), files={"files/t.j2": "{{ host.name }}"})
    found = work(files)
    (shape,) = shapes(found)
    assert (len(shape.hosts), shape.varying) == (200, frozenset({"/etc/motd"}))
    made = compiled(files)
    assert len([path for path in made.files if path.startswith("host_vars/")]) == 200
    assert len([path for path in made.files if path.startswith("files/")]) == 200
    variables = yaml.safe_load(made.files["host_vars/app7.yml"])
    assert made.files[f"files/{variables['opspact_files'][per_host_key('/etc/motd')]}"] == b"app7"


def test_the_account_of_a_person_is_open_from_their_first_to_their_last_day_and_closed_after() -> None:
    person = "kind: person\nname: li-na\nteams: [operations]\nfrom: 2026-03-01\nuntil: 2026-03-31\nkeys:\n  - " + KEY
    access = "kind: access\nname: logins\nhosts: web\npeople: {team: operations}\nkeys: exclusive\n"
    files = tree(person, access)
    on = {
        day: [step.kind for step in work(files, day=date.fromisoformat(day))["app1"].make]
        for day in ("2026-02-28", "2026-03-01", "2026-03-31", "2026-04-01")
    }
    assert on == {
        "2026-02-28": [],
        "2026-03-01": ["account", "authorized-keys"],
        "2026-03-31": ["account", "authorized-keys"],
        "2026-04-01": ["closed-account"],
    }


def test_a_backup_server_is_played_before_its_clients() -> None:
    first, second = shapes(work(tree(backup("daily"))))
    assert first.hosts == ("backup1",)
    assert second.hosts == ("app1", "app2")


# What is taken away


def removing(**steps: tuple[Step, ...]) -> dict[str, Work]:
    return {name: Work(remove=of_host) for name, of_host in steps.items()}


def keys(*lines: str) -> AuthorizedKeys:
    return AuthorizedKeys(account="li-na", home="/home/li-na", keys=lines)


def test_hosts_that_lose_different_keys_of_one_account_are_no_shape() -> None:
    found = shapes(removing(app1=(keys("a"),), app2=(keys("a", "b"),), app3=(keys("a"),)))
    assert [shape.hosts for shape in found] == [("app1", "app3"), ("app2",)]


def test_hosts_that_lose_a_file_with_content_of_their_own_are_one_shape() -> None:
    files = {name: (File(path="/etc/motd", content=Content.of(name)),) for name in ("app1", "app2")}
    (shape,) = shapes(removing(**files))
    assert shape.hosts == ("app1", "app2")


def test_things_are_removed_before_others_are_made() -> None:
    work_of = {"app1": Work((Package(name="nginx"),), (Package(name="apache2"),))}
    playbook = yaml.safe_load(project(work_of, {}).files["site.yml"])
    assert [task["name"] for task in playbook[0]["tasks"]] == [
        "Ask apt what it would remove with apache2",
        "Remove apache2 unless others need it",
        "Install nginx",
    ]


def test_packages_are_removed_last_and_together_since_some_may_need_each_other() -> None:
    work_of = {"app1": Work((), (Package(name="nginx"), Directory(path="/srv/oa"), Package(name="nginx-common")))}
    directory, ask, remove = yaml.safe_load(project(work_of, {}).files["site.yml"])[0]["tasks"]
    assert "directory" in directory["name"]
    assert ask["ansible.builtin.command"]["argv"][-3:] == ["remove", "nginx", "nginx-common"]
    assert remove["ansible.builtin.apt"]["name"] == ["nginx", "nginx-common"]
    assert remove["vars"] == {"opspact_leaving": ["nginx", "nginx-common"]}


# Names and comments


def test_a_group_is_named_after_what_is_done_there_and_not_after_who_asks() -> None:
    one, other = (
        set(yaml.safe_load(compiled(files).files["inventory/zz-opspact-shapes.yml"])["all"]["children"])
        for files in (tree(service("one", MOTD)), tree("", service("renamed", MOTD)))
    )
    assert one == other


def test_a_line_end_in_a_policy_files_name_never_ends_the_comment() -> None:
    files = tree(service("one", MOTD))
    files["policies/x\n- hosts: all\n  #.yaml"] = files.pop("policies/p0.yaml")
    made = yaml.safe_load(compiled(files).files["site.yml"])
    assert len(made) == 1
    assert made[0]["hosts"] != "all"


def test_a_comment_with_many_clauses_is_broken_into_lines() -> None:
    clauses = ", ".join(f"C{number}" for number in range(80))
    playbook = compiled(tree(service("one", f"clauses: [{clauses}]\n{MOTD}"))).files["site.yml"].decode()
    assert max(map(len, playbook.splitlines())) <= 160
    assert playbook.count("C79") == 1


@pytest.mark.parametrize("path", ["/srv/$HOME", "/srv/{{ x }}", "/srv/{% x %}", "/srv/{# x #}"])
def test_a_path_that_ansible_would_read_as_more_than_itself_is_refused(path: str) -> None:
    with pytest.raises(Refused, match=r"policies/p0.yaml:5"):
        work(tree(service("one", f'directories: [{{path: "{path}"}}]')))


def test_texts_with_braces_are_never_templated() -> None:
    step = Account(name="li-na", home="/home/li-na", comment="{{ lookup('pipe', 'id') }} {# gone #}")
    playbook = project({"app1": Work((step,))}, {}).files["site.yml"].decode()
    assert '''comment: !unsafe "{{ lookup('pipe', 'id') }} {# gone #}"''' in playbook


def test_a_projects_digest_tells_paths_and_contents_apart() -> None:
    files = tree(service("one", MOTD))
    digests = {
        compiled(files).digest,
        compiled(tree(service("one", MOTD.replace("under", "Under")))).digest,
        compiled(tree(service("one", MOTD.replace("motd", "issue")))).digest,
        compiled(tree(service("one", MOTD), inventory=INVENTORY.replace("db1", "db2"))).digest,
    }
    assert len(digests) == 4


@pytest.mark.parametrize("port", ["'{{ p }}'", "22a"])
def test_a_port_of_a_backup_server_that_no_run_can_follow_is_left_to_the_analysis(port: str) -> None:
    inventory = INVENTORY.replace("backup1: {}", f"backup1: {{ansible_port: {port}}}")
    assert work(tree(backup("daily"), inventory=inventory)) == work(tree(backup("daily")))
