"""What an inventory folder says, and how everything wrong in it is told with its place."""

import time

import pytest

from opspact.errors import Refused
from opspact.schema.codes import Code
from opspact.schema.inventory.hosts import read_host
from opspact.schema.inventory.reader import InventoryNeedsAnsible, read_inventory, refuse_encrypted
from opspact.schema.inventory.statements import ChildAdded, GroupNamed, HostsAdded, Unreadable, VariableSet


def problems(tree: dict[str, bytes | str]) -> list[tuple[str, str, str]]:
    """Code, place and message of everything that is wrong."""
    content = {path: text.encode() if isinstance(text, str) else text for path, text in tree.items()}
    with pytest.raises(Refused) as refused:
        read_inventory({f"inventory/{path}": text for path, text in content.items()})
    assert refused.value.problems
    return [(problem.code, str(problem.place), problem.message) for problem in refused.value.problems]


def only(tree: dict[str, bytes | str]) -> tuple[str, str, str]:
    found = problems(tree)
    assert len(found) == 1, found
    return found[0]


def test_statements_keep_order_and_places() -> None:
    text = b"web:\n  hosts:\n    w[1:2]:2222: {a: 1}\n  vars: {b: 2}\n  children: {db: }\n"

    written = read_inventory({"inventory/hosts.yaml": text})

    assert written.sources[0].statements == (
        GroupNamed("web", 1, 1),
        HostsAdded("web", ("w1", "w2"), 2222, {"a": 1}, 3, 5),
        VariableSet("web", "b", 2, 4, 10),
        GroupNamed("db", 5, 14),
        ChildAdded("web", "db", 5, 14),
    )


@pytest.mark.parametrize(
    ("text", "names", "port"),
    [
        ("web[01:20:9].example.com", ("web01.example.com", "web10.example.com", "web19.example.com"), None),
        ("db-[a:c]:5432", ("db-a", "db-b", "db-c"), 5432),
        ("r[1:2]n[3:4]", ("r1n3", "r1n4", "r2n3", "r2n4"), None),
        ("[:2]", ("0", "1", "2"), None),
        ("[x:Bz]", None, None),
        ("host:22", ("host",), 22),
        ("[2001:db8::1]:22", ("2001:db8::1",), 22),
        ("2001:db8::1", ("2001:db8::1",), None),
        ("[::[1:2]]:22", ("::1", "::2"), 22),
        ("odd/name", ("odd/name",), None),
        ("odd/name:22", ("odd/name:22",), None),
        ("a[1:2", None, None),
        ("a[1]", None, None),
        ("a[1:]", None, None),
        ("a[1:9:0]", None, None),
        ("a[01:100]", None, None),
        ("a[5:1]", None, None),
        ("a[0:999999]", None, None),
        ("a[0:999][0:999]", None, None),
        ("a[٣:٥]", None, None),
        ("a:70000", None, None),
        ("", None, None),
    ],
)
def test_a_host_entry_becomes_names_and_a_port(text: str, names: tuple[str, ...] | None, port: int | None) -> None:
    if names is None:
        with pytest.raises(Unreadable):
            read_host(text)
    else:
        assert (names, port) == read_host(text)


@pytest.mark.parametrize(
    ("file", "text", "wrong"),
    [
        ("hosts.yaml", "web:\n  hosts:\n  - a\n  - b\n", "OP052 inventory/hosts.yaml:3:3"),
        ("hosts.yaml", "web:\n  host: {a: }\n  hosts: {b: }", "OP052 inventory/hosts.yaml:2:3"),
        ("hosts.yaml", "web: [a, b]", "OP052 inventory/hosts.yaml:1:6"),
        ("hosts.yaml", "- a", "OP052 inventory/hosts.yaml:1:1"),
        ("hosts.yaml", "5: {hosts: {a: }}", "OP052 inventory/hosts.yaml:1:1"),
        ("hosts.yaml", "web: {hosts: {a: 5}}", "OP052 inventory/hosts.yaml:1:18"),
        ("hosts.yaml", "web: {hosts: {a: {1: b}}}", "OP052 inventory/hosts.yaml:1:18"),
        ("hosts.yaml", "web: {hosts: {10: }}", "OP053 inventory/hosts.yaml:1:15"),
        ("hosts.yaml", "web: {hosts: {'a[1:': }}", "OP053 inventory/hosts.yaml:1:15"),
        ("hosts.yaml", "web: {vars: {1: b}, hosts: {a: }}", "OP058 inventory/hosts.yaml:1:14"),
        ("hosts.yaml", "web: {vars: {x: !nonsense 1}, hosts: {a: }}", "OP051 inventory/hosts.yaml:1:17"),
        ("hosts.yaml", "web: {vars: {x: 2024-99-99}, hosts: {a: }}", "OP052 inventory/hosts.yaml:1:17"),
        ("hosts.yaml", "web: {vars: {x: !!int ''}, hosts: {a: }}", "OP052 inventory/hosts.yaml:1:17"),
        ("hosts.yaml", "web: {vars: {x: !vault [a]}, hosts: {a: }}", "OP052 inventory/hosts.yaml:1:17"),
        ("hosts.yaml", "web: {vars: {x: {[a]: b}}, hosts: {a: }}", "OP052 inventory/hosts.yaml:1:18"),
        (
            "hosts.yaml",
            "web: {vars: {ansible_group_priority: high}, hosts: {a: }}",
            "OP058 inventory/hosts.yaml:1:14",
        ),
        ("hosts.yaml", "web: {hosts: {a: }\n", "OP051 inventory/hosts.yaml:1:19"),
        ("hosts.yaml", "web: {hosts: {a: }}\n---\nb: {}\n", "OP051 inventory/hosts.yaml:2:1"),
        ("hosts.yaml", "web: &a {hosts: {h: }, vars: {x: *a}}", "OP051 inventory/hosts.yaml:1:6"),
        (
            "hosts.yaml",
            "web: {hosts: {h: }, vars: {x: " + "[" * 200 + "]" * 200 + "}}",
            "OP052 inventory/hosts.yaml:1:131",
        ),
        ("hosts.yaml", b"web: {hosts: {\xff: }}", "OP050 inventory/hosts.yaml:1:15"),
        ("hosts.yaml", b"$ANSIBLE_VAULT;1.1;AES256\n3961\n", "OP050 inventory/hosts.yaml:1:1"),
        ("hosts.yaml", "web: {hosts: {web: }}", "OP056 inventory/hosts.yaml:1:15"),
        (
            "hosts.yaml",
            "all: {hosts: {h: }, children: {a: {children: {b: {children: {a: }}}}}}",
            "OP055 inventory/hosts.yaml:1:62",
        ),
        ("hosts.yaml", "a: {hosts: {h: }, children: {a: }}", "OP055 inventory/hosts.yaml:1:30"),
        ("hosts.yaml", "a: {hosts: {h: }, children: {all: }}", "OP055 inventory/hosts.yaml:1:30"),
        ("hosts.ini", "h\n[a]\n[ungrouped:children]\na\n", "OP055 inventory/hosts.ini:4:1"),
        ("hosts.yaml", "a: {hosts: {h: }, children: {ungrouped: }}", "OP055 inventory/hosts.yaml:1:30"),
        ("hosts.json", '{"web": {"hosts": ["a"]}}', "OP052 inventory/hosts.json:1:19"),
        ("hosts.ini", "[web]\na\nb 5\n", "OP054 inventory/hosts.ini:3:1"),
        ("hosts.ini", "[web]\na x='1\n", "OP054 inventory/hosts.ini:2:1"),
        ("hosts.ini", "[web]\na ansible_user=li#root#17 x=1\n", "OP054 inventory/hosts.ini:2:1"),
        ("hosts.ini", "[web]\n  a[1:x]\n", "OP054 inventory/hosts.ini:2:3"),
        ("hosts.ini", "[web]\na\n[web:var]\nx=1\n", "OP054 inventory/hosts.ini:3:1"),
        ("hosts.ini", "[web]\na\n[we b]\n", "OP054 inventory/hosts.ini:3:1"),
        ("hosts.ini", "a\n[web:vars]\nx=1\n", "OP055 inventory/hosts.ini:2:1"),
        ("hosts.ini", "a\n[web:children]\ndb\n", "OP055 inventory/hosts.ini:3:1"),
        ("hosts.ini", "a\n[web]\n[web:children]\ndb,x y\n", "OP054 inventory/hosts.ini:4:1"),
        ("hosts.ini", "a\n[all:vars]\nx\n", "OP054 inventory/hosts.ini:3:1"),
        ("hosts.ini", "[web]\na x=1 x=2\n", "OP004 inventory/hosts.ini:2:1"),
        ("hosts.ini", "a\n[all:vars]\nx=1\ny=2\n[all:vars]\nx = 2\n", "OP004 inventory/hosts.ini:6:1"),
        ("hosts.ini", "a x={[]:1}\n", "OP054 inventory/hosts.ini:1:1"),
        ("hosts.ini", "a x={(1,):1}\n", "OP054 inventory/hosts.ini:1:1"),
        (
            "hosts.ini",
            "a x=" + "(" * 190 + ")" * 190 + "\nb x=" + "-" * 60000 + "1",
            "OP054 inventory/hosts.ini:2:1",
        ),
        ("hosts.ini", "a:\n", "OP054 inventory/hosts.ini:1:1"),
        ("hosts.ini", b"# caf\xe9\na\nb\xff\n", "OP050 inventory/hosts.ini:1:6"),
        ("hosts", "web:\n  hosts:\n    a:\n  hostz:\n", "OP052 inventory/hosts:4:3"),
        ("hosts", "[web]\na b\n", "OP054 inventory/hosts:2:1"),
        ("group_vars/all.yaml", "[1, 2]", "OP058 inventory/group_vars/all.yaml:1:1"),
        ("group_vars/all.yaml", "a: [", "OP051 inventory/group_vars/all.yaml:1:5"),
        ("host_vars/known", "1: b", "OP058 inventory/host_vars/known:1:1"),
        ("hosts.yml", "a: {hosts: {b: }}\nc:\na: {hosts: {d: }}\n", "OP004 inventory/hosts.yml:3:1"),
        ("hosts", "web:\n  hosts: {a: }\n  hosts: {b: }\n", "OP004 inventory/hosts:3:3"),
        ("hosts", "web:\n  hosts:\n    a: {x: 1}\n    a:\n", "OP004 inventory/hosts:4:5"),
        ("hosts.json", '{"web": {"vars": {"x": 1,\n"x": 2}}}', "OP004 inventory/hosts.json:2:1"),
        ("group_vars/rest.yaml", "deep:\n- {x: 1, y: 2, x: 1}\n", "OP004 inventory/group_vars/rest.yaml:2:16"),
        ("host_vars/known", "a: 1\n'a': 2\n", "OP004 inventory/host_vars/known:2:1"),
        ("host_vars/known/x.yaml", b"\xff", "OP050 inventory/host_vars/known/x.yaml:1:1"),
    ],
)
def test_what_is_wrong_is_told_with_its_place(file: str, text: str | bytes, wrong: str) -> None:
    code, place, _ = only({file: text, "zz.yaml": "rest: {hosts: {known: }}"})

    assert wrong == f"{code} {place}"


def test_all_problems_of_all_files_are_told_at_once() -> None:
    found = problems({"a.yaml": "web: {hosts: [a]}", "b.ini": "[db]\nx y\n[c:vars]\n", "c.json": '{"d": 5}'})

    assert [place for _, place, _ in found] == [
        "inventory/a.yaml:1:14",
        "inventory/b.ini:2:1",
        "inventory/b.ini:3:1",
        "inventory/c.json:1:7",
    ]


def test_the_written_line_is_shown_unless_it_may_hold_a_secret() -> None:
    with pytest.raises(Refused) as refused:
        read_inventory({"inventory/h.ini": b"[web]\na b\nc ansible_password=hunter2 d\n"})

    assert [problem.source for problem in refused.value.problems] == ["a b", ""]
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("tree", [{}, {"hosts.yaml": ""}, {"hosts.ini": "# nobody\n[web]\n"}, {"notes.txt": "a"}])
def test_an_inventory_without_hosts_is_refused(tree: dict[str, bytes | str]) -> None:
    assert only(tree) == ("OP057", "inventory", "the inventory has no hosts")


@pytest.mark.parametrize(
    ("file", "text", "place"),
    [
        ("aws.yaml", "# cloud\nplugin: amazon.aws.aws_ec2\n", "inventory/aws.yaml:2:1"),
        ("made.yml", "plugin: constructed\nstrict: true\n", "inventory/made.yml:1:1"),
        ("script", "#!/bin/sh\nrm -rf /\n", "inventory/script:1:1"),
        ("script.py", "#!/usr/bin/env python3\n", "inventory/script.py:1:1"),
        ("hosts.toml", "[web.hosts]\n", "inventory/hosts.toml"),
        ("plain", "plugin: x\n", "inventory/plain:1:1"),
    ],
)
def test_scripts_and_plugins_are_left_to_ansible(file: str, text: str, place: str) -> None:
    with pytest.raises(InventoryNeedsAnsible) as refused:
        read_inventory({"inventory/hosts.ini": b"a\n", f"inventory/{file}": text.encode()})

    assert [("OP059", place)] == [(problem.code, str(problem.place)) for problem in refused.value.problems]


def test_an_anchor_bomb_is_refused_in_a_moment() -> None:
    lines = ["a0: &a0 {vars: {x: [1, 2, 3, 4, 5, 6, 7, 8, 9]}}"]
    lines += [f"a{n}: &a{n} {{vars: {{x: [{', '.join([f'*a{n - 1}'] * 9)}]}}}}" for n in range(1, 30)]
    started = time.process_time()

    found = problems({"hosts.yaml": "\n".join(lines)})

    assert found[0][0] == "OP051"
    assert "expand" in found[0][2]
    assert time.process_time() - started < 2


def test_a_bomb_of_merge_keys_is_refused_in_a_moment() -> None:
    lines = ["x0: &x0 {vars: {a: 1, b: 2}}"]
    lines += [f"x{n}: &x{n} {{<<: [{', '.join([f'*x{n - 1}'] * 9)}]}}" for n in range(1, 30)]
    started = time.process_time()

    assert problems({"hosts.yaml": "\n".join(lines)})[0][0] == "OP051"
    assert time.process_time() - started < 2


@pytest.mark.parametrize("text", ["[" * 200_000, "{a: " * 100_000, "- " * 200_000, "[" * 90_000 + "]" * 90_000])
def test_deep_nesting_does_not_crash_the_reader(text: str) -> None:
    assert problems({"hosts.yaml": text})[0][0] == "OP051"


def test_many_ranges_cannot_fill_the_memory() -> None:
    text = "\n".join(f"h{n}-[0:99999]" for n in range(50))

    assert len([place for _, place, _ in problems({"hosts.ini": text})]) == 48


def test_groups_nested_without_end_are_refused_in_a_moment() -> None:
    lines = ["h", "[g0]", "h"]
    lines += [f"[g{n}:children]\ng{n - 1}" for n in range(1, 20_000)]
    started = time.process_time()

    _, place, message = only({"hosts.ini": "\n".join(lines)})

    assert (place, message) == ("inventory/hosts.ini:203:1", 'more than 100 levels of groups below "g100"')
    assert time.process_time() - started < 3


def test_a_file_may_speak_of_groups_that_an_earlier_file_named() -> None:
    tree = {"inventory/a.yaml": b"web: {hosts: {w: }}", "inventory/b.ini": b"[site:children]\nweb\n[web:vars]\nx=1\n"}

    assert ChildAdded("site", "web", 2, 1) in read_inventory(tree).sources[1].statements


def test_a_key_that_replaces_a_merged_one_stands_there_once() -> None:
    text = "rest:\n  hosts:\n    a: &one {x: 1, y: 2}\n    b: &two {<<: *one, x: 2}\n    c: *two\n"
    text += "    d: {<<: *two, y: 3}\n"
    statements = read_inventory({"inventory/hosts.yaml": text.encode()}).sources[0].statements
    variables = [each.variables for each in statements if isinstance(each, HostsAdded)]
    assert variables == [{"x": 1, "y": 2}, {"x": 2, "y": 2}, {"x": 2, "y": 2}, {"x": 2, "y": 3}]


def test_json_that_yaml_reads_differently_keeps_its_json_meaning() -> None:
    text = '{"web": {"hosts": {"a": {"x": "\\ud83d\\ude00", "y": 1e3, "z": "a\u2028b"}}}}'

    statement = read_inventory({"inventory/h.json": text.encode()}).sources[0].statements[1]

    assert isinstance(statement, HostsAdded)
    assert statement.variables == {"x": "\U0001f600", "y": 1000.0, "z": "a\u2028b"}


def test_equal_aliases_are_one_object() -> None:
    text = b"web: {hosts: {a: {x: &x [1, 2], y: *x}}}"

    statement = read_inventory({"inventory/h.yaml": text}).sources[0].statements[1]

    assert isinstance(statement, HostsAdded)
    assert statement.variables["x"] is statement.variables["y"]


def test_variables_that_are_encrypted_as_a_whole_are_refused_with_both_ways_out() -> None:
    vaulted = b"$ANSIBLE_VAULT;1.1;AES256\n3961\n"
    with pytest.raises(Refused) as refused:
        read_inventory({"inventory/hosts.yaml": b"web: {hosts: {a: }}", "inventory/group_vars/web/vault.yml": vaulted})
    (problem,) = refused.value.problems
    assert problem.code == Code.INVENTORY_FILE
    assert (problem.place.file, problem.place.line) == ("inventory/group_vars/web/vault.yml", 1)
    assert all(way in problem.hint for way in ("ansible-vault encrypt_string", "secret:vault:NAME"))


def test_ansible_does_not_open_them_either() -> None:
    tree = {"inventory/hosts.py": b"#!/bin/sh\n", "secrets.vault.yaml": b"$ANSIBLE_VAULT;1.1;AES256\n3961\n"}
    refuse_encrypted(tree)
    files = ("inventory/group_vars/web/vault.yml", "inventory/host_vars/a")
    with pytest.raises(Refused) as refused:
        refuse_encrypted(tree | dict.fromkeys(files, tree["secrets.vault.yaml"]))
    assert [problem.place.file for problem in refused.value.problems] == list(files)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("[web]\nh\n[wbe:vars]\nx=1\n", 'did you mean "web"?'),
        ("[web]\nh\n[site:children]\nwbe\n", 'did you mean "web"?'),
        ("[wbe:vars]\nx=1\n[web]\nh\n", 'did you mean "web"?'),
        ("[web]\nh\n[storage:vars]\nx=1\n[storag:children]\nqueue\n", "declare it with [queue]"),
    ],
)
def test_a_misspelt_group_of_an_ini_file_gets_the_right_one_as_a_hint(text: str, hint: str) -> None:
    with pytest.raises(Refused) as refused:
        read_inventory({"inventory/hosts.ini": text.encode()})
    assert hint in {problem.hint for problem in refused.value.problems}


@pytest.mark.parametrize("folder", ["group-vars", "groupvars", "Group_Vars", "group_variables", "production/host-vars"])
def test_a_folder_that_is_nearly_one_of_variables_is_refused_once(folder: str) -> None:
    tree = {f"inventory/{folder}/{name}": b"port: 80\n" for name in ("all.yaml", "web.yaml")}
    with pytest.raises(Refused) as refused:
        read_inventory(tree | {"inventory/hosts.yaml": b"web: {hosts: {a: }}"})
    (problem,) = refused.value.problems
    assert (problem.code, problem.place.file) == (Code.INVENTORY_FILE, f"inventory/{folder}/all.yaml")
    assert f"inventory/{'host' if 'host' in folder else 'group'}_vars/" in problem.hint
