"""Host patterns choose what Ansible's own manager chooses; what Ansible passes over in silence is refused."""

import time
from pathlib import Path

import pytest
from ansible.inventory.manager import InventoryManager  # type: ignore[import-untyped]  # ansible-core ships no types
from ansible.parsing.dataloader import DataLoader  # type: ignore[import-untyped]  # ansible-core ships no types

from opspact.model.inventory.host import Inventory
from opspact.model.inventory.pattern import NameUnknown, NoHostMatches, PatternRefused, PatternUnreadable, select
from opspact.resolve.inventory import resolve_inventory
from opspact.schema.inventory.reader import read_inventory

HOSTS = """
all:
  hosts: {jump: , "2001:db8::7": , "192.0.2.5": }
  children:
    web: {hosts: {"web[1:5].example.com": }}
    web_canary: {hosts: {web1.example.com: , web9.example.com: }}
    db: {hosts: {"db-[a:c]": }}
    site_a: {children: {db: }, hosts: {web1.example.com: , web2.example.com: }}
    staging: {hosts: {web5.example.com: , db-c: }}
    nobody: {hosts: }
    site.b: {hosts: {store: }}
"""


def inventory() -> Inventory:
    return resolve_inventory(read_inventory({"inventory/hosts.yaml": HOSTS.encode()}))


@pytest.mark.parametrize(
    "pattern",
    [
        "all",
        "*",
        "web",
        "jump",
        "web*",
        "w?b",
        "db-[ab]",
        "db-[!a]",
        "*.example.com",
        "web[1-3].example.com",
        "~web\\d\\.example",
        "~(web|db).*",
        "~^site_",
        "web:db",
        "web,db",
        "web, db",
        "web db",
        " web : db ",
        "web:&site_a",
        "web:!staging",
        "web:db:&site_a:!staging",
        "web,db,&site_a,!staging",
        "!staging:web",
        "&site_a:web",
        "!web",
        "!web:!db",
        "&web",
        "web:!web1.example.com",
        "web:&web1.example.com",
        "web[0]",
        "web[-1]",
        "web[-5]",
        "web[1:3]",
        "web[1-3]",
        "web[2:]",
        "web[0:0]",
        "web[3:99]",
        "web*[0:6]",
        "web*[5]",
        "all[2]",
        "web[1]:db[0]",
        "web:!web[0]",
        "web:&site_a[0]",
        "db-*[1]",
        "2001:db8::7",
        "web,2001:db8::7",
        "192.0.2.5",
        "site.b",
        "site.*",
        "ungrouped",
        "ungr*",
        "web:nobody",
        "web:!nobody",
        "web1.example.com:web:jump",
        "al*",
    ],
)
def test_a_pattern_chooses_what_ansible_chooses(pattern: str, tmp_path: Path) -> None:
    (tmp_path / "hosts.yaml").write_text(HOSTS)
    manager = InventoryManager(loader=DataLoader(), sources=[str(tmp_path / "hosts.yaml")])
    expected = {host.name for host in manager.get_hosts(pattern)}
    assert expected

    assert expected == set(select(pattern, inventory()))


def test_names_come_in_the_order_of_the_inventory_and_once() -> None:
    assert select("db-b,jump,db,db-a", inventory()) == ("jump", "db-a", "db-b", "db-c")


@pytest.mark.parametrize(
    ("pattern", "error", "hint"),
    [
        ("wbe", NameUnknown, 'did you mean "web"?'),
        ("web:!stagin", NameUnknown, 'did you mean "staging"?'),
        ("web:&sitea", NameUnknown, 'did you mean "site_a"?'),
        ("web:dbb", NameUnknown, 'did you mean "db"?'),
        ("db-d", NameUnknown, ""),
        ("stor", NameUnknown, 'did you mean "store"?'),
        ("webs[0]", NameUnknown, 'did you mean "web"?'),
        ("jump:22", NameUnknown, "a number after a colon is read as a port; separate names with commas"),
        ("localhost", NameUnknown, ""),
        ("nobody", NoHostMatches, ""),
        ("web:!web", NoHostMatches, ""),
        ("web:&db", NoHostMatches, ""),
        ("web[5]", NoHostMatches, ""),
        ("web[-6]", NoHostMatches, ""),
        ("web[9:]", NoHostMatches, ""),
        ("web[2:0]", NoHostMatches, ""),
        ("mail*", NoHostMatches, ""),
        ("web:!mail*", NoHostMatches, ""),
        ("~mail", NoHostMatches, ""),
        ("mail[01:03].example", NoHostMatches, "ranges are part of inventories only: list the hosts, or use a group"),
        ("", PatternUnreadable, "use `all` for every host"),
        (" , ", PatternUnreadable, "use `all` for every host"),
        (":", PatternUnreadable, "use `all` for every host"),
        ("web:!", PatternUnreadable, ""),
        ("&", PatternUnreadable, ""),
        ("web[0", PatternUnreadable, "write web[0:2]"),
        ("web]:db", PatternUnreadable, "write web[0:2]"),
        ("~web(", PatternUnreadable, ""),
        ("~(a+)+", PatternUnreadable, ""),
        ("~*", PatternUnreadable, ""),
        ("~a{99999999999}", PatternUnreadable, ""),
    ],
)
def test_a_pattern_that_cannot_be_meant_is_refused(pattern: str, error: type[PatternRefused], hint: str) -> None:
    with pytest.raises(PatternRefused) as refused:
        select(pattern, inventory())

    assert (error, hint) == (type(refused.value), refused.value.hint)


@pytest.mark.slow
def test_hundreds_of_patterns_over_ten_thousand_hosts_take_a_moment() -> None:
    text = "web: {hosts: {'w[0:4999].example.com': }}\ndb: {hosts: {'d[0:4999].example.com': }}"
    fleet = resolve_inventory(read_inventory({"inventory/h.yaml": text.encode()}))
    started = time.process_time()

    for _ in range(100):
        select("web:!w1.example.com", fleet)
        select("w*.example.com", fleet)
        select("~[wd]1.*", fleet)

    assert time.process_time() - started < 3


def test_brackets_behind_the_beginning_of_numbered_hosts_are_led_to_an_expression() -> None:
    numbered = resolve_inventory(read_inventory({"inventory/hosts.ini": b"[all]\nnode1\nnode2\nnode3\n"}))
    with pytest.raises(NameUnknown) as refused:
        select("node[1-2]", numbered)
    assert "~node[" in refused.value.hint
    assert select("~node[1-3]$", numbered) == ("node1", "node2", "node3")
