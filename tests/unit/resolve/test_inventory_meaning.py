"""What an inventory means, where golden comparisons cannot look: sharing, order, speed, listed inventories."""

import pytest

from opspact.errors import Refused
from opspact.model.inventory.host import Inventory
from opspact.resolve.inventory import from_ansible_list, resolve_inventory
from opspact.schema.inventory.reader import read_inventory
from opspact.schema.inventory.statements import Unsafe, Vaulted


def inventory_of(text: str, **files: str) -> Inventory:
    tree = {"inventory/hosts.yaml": text.encode()}
    tree |= {f"inventory/{name.replace('__', '/')}": content.encode() for name, content in files.items()}
    return resolve_inventory(read_inventory(tree))


def test_hosts_of_the_same_groups_without_own_variables_share_one_mapping() -> None:
    inventory = inventory_of("web: {vars: {a: 1}, hosts: {'w[1:3]': , own: {b: 2}}}", host_vars__w3="c: 3")

    assert inventory.hosts["w1"].variables is inventory.hosts["w2"].variables
    assert [inventory.hosts[name].variables for name in ("w1", "w3", "own")] == [
        {"a": 1},
        {"a": 1, "c": 3},
        {"a": 1, "b": 2},
    ]


def test_hosts_and_groups_come_level_by_level_in_the_order_of_writing() -> None:
    inventory = inventory_of(
        "all: {hosts: {first: }, children: {outer: {children: {inner: {hosts: {deep: }}}, hosts: {own: }}}}\n"
        "web: {hosts: {w: , own: }}"
    )

    assert list(inventory.hosts) == ["first", "own", "w", "deep"]
    assert inventory.groups["outer"] == ("own", "deep")
    assert inventory.groups["ungrouped"] == ("first",)
    assert list(inventory.groups) == ["all", "ungrouped", "outer", "inner", "web"]


def test_names_that_ansible_sets_itself_do_not_come_from_an_inventory() -> None:
    inventory = inventory_of("web: {vars: {groups: mine}, hosts: {w: {inventory_hostname: other, kept: 1}}}")

    assert inventory.hosts["w"].variables == {"kept": 1}


def test_another_folder_can_hold_the_inventory() -> None:
    tree = {"sites/prod/hosts": b"a\n", "sites/prod/group_vars/all": b"x: 1", "inventory/hosts": b"b\n"}

    inventory = resolve_inventory(read_inventory(tree, "sites/prod"))

    assert {name: host.variables for name, host in inventory.hosts.items()} == {"a": {"x": 1}}


def test_encrypted_and_unsafe_values_stay_what_they_are() -> None:
    inventory = inventory_of('web: {hosts: {w: {sealed: !vault "abc", raw: !unsafe ["{{ x }}"]}}}')

    assert inventory.hosts["w"].variables == {"sealed": Vaulted("abc"), "raw": ["{{ x }}"]}
    raw = inventory.hosts["w"].variables["raw"]
    assert isinstance(raw, list)
    assert isinstance(raw[0], Unsafe)


def test_what_ansible_inventory_lists_becomes_the_same_inventory() -> None:
    listed = {
        "_meta": {
            "hostvars": {
                "w": {"a": 1, "raw": [{"__ansible_unsafe": "{{ x }}"}]},
                "d": {"s": {"__ansible_vault": "abc"}},
            }
        },
        "all": {"children": ["ungrouped", "site"]},
        "site": {"children": ["web", "empty"], "hosts": ["d"]},
        "web": {"hosts": ["w"]},
        "ungrouped": {"hosts": ["alone"]},
    }
    text = (
        "all: {hosts: {alone: }, children: {site: {hosts: {d: {s: !vault abc}}, "
        "children: {web: {hosts: {w: {a: 1, raw: !unsafe ['{{ x }}']}}}, empty: }}}}"
    )

    assert inventory_of(text) == from_ansible_list(listed)


@pytest.mark.parametrize(
    "listed",
    [
        [],
        {},
        {"_meta": {"hostvars": {}}},
        {"all": []},
        {"all": {"hosts": "a"}},
        {"all": {"hosts": [1]}},
        {"all": {"children": {"a": 1}}},
        {"all": {"hosts": ["a"]}, "_meta": {"hostvars": []}},
        {"all": {"hosts": ["a"]}, "_meta": {"hostvars": {"a": 5}}},
        {"web": {"children": ["web"]}},
    ],
)
def test_a_listing_of_another_shape_is_refused(listed: object) -> None:
    with pytest.raises(Refused):
        from_ansible_list(listed)


def large(hosts: int) -> dict[str, bytes]:
    lines = ["all:", "  children:"]
    for site in range(20):
        lines += [f"    site{site}:", f"      vars: {{site: {site}}}", "      hosts:"]
        for number in range(hosts // 20):
            lines += [f"        h{site:02}-{number:05}.example.com:", f"          ansible_host: 10.{site}.0.{number}"]
    lines += ["    web:", "      hosts:"]
    lines += [
        f"        h{site:02}-{number:05}.example.com:" for site in range(20) for number in range(0, hosts // 20, 2)
    ]
    return {"inventory/hosts.yaml": "\n".join(lines).encode()}
