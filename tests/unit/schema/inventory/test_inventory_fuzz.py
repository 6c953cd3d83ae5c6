"""Whatever stands in an inventory folder: it is read, or refused with places. Nothing else ever happens."""

import warnings
from pathlib import Path

import pytest
from effort import EFFORT
from hypothesis import example, given, settings
from hypothesis import strategies as st

from opspact.errors import Refused
from opspact.resolve.inventory import resolve_inventory
from opspact.schema.inventory.reader import read_inventory

pytestmark = pytest.mark.slow

STYLES = Path(__file__).parents[3] / "golden" / "inventories"
VALID = sorted(
    (path.relative_to(path.parents[len(path.relative_to(STYLES).parts) - 2]).as_posix(), path.read_bytes())
    for path in STYLES.rglob("*")
    if path.is_file()
)
NAMES = [
    "hosts",
    "hosts.yaml",
    "hosts.ini",
    "hosts.json",
    "a/b.yml",
    "group_vars/all",
    "group_vars/web/x.json",
    "host_vars/h",
]
PIECES = [
    *[
        "all",
        "web",
        "ungrouped",
        "hosts",
        "children",
        "vars",
        "plugin",
        "h",
        "h[1:3]",
        "h[a:c]:22",
        "[web]",
        "[web:vars]",
    ],
    *[
        "[web:children]",
        ":",
        ": ",
        "=",
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        "{",
        "}",
        "[",
        "]",
        ",",
        "&a ",
        "*a",
        "<<: *a",
        "!vault ",
    ],
    *[
        "!unsafe ",
        "!!set ",
        "!!int ",
        "'",
        '"',
        "#",
        "|\n",
        "yes",
        "22:30",
        "0x",
        "2024-99-99",
        "ansible_group_priority",
        "---",
    ],
    *[
        "\t",
        "\r",
        "\x00",
        "\ufeff",
        "\u2028",
        "\\",
        "...",
        "1e999",
        "null",
        "{{ x }}",
        "b'\\xff'",
        "1j",
        "((",
        "$ANSIBLE_VAULT;1.1",
    ],
]


def read_or_refuse(tree: dict[str, bytes]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            inventory = resolve_inventory(read_inventory(tree))
        except Refused as refused:
            assert refused.problems, "refused without a reason"  # noqa: PT017 - both outcomes are right
            assert all(problem.place.file.startswith("inventory") for problem in refused.problems)  # noqa: PT017 - both outcomes are right
        else:
            assert set(inventory.groups["all"]) == set(inventory.hosts)
            assert inventory.hosts


@settings(max_examples=300 * EFFORT)
@given(st.dictionaries(st.sampled_from(NAMES), st.binary(max_size=200), max_size=3))
def test_soup_of_bytes_is_read_or_refused(files: dict[str, bytes]) -> None:
    read_or_refuse({f"inventory/{name}": content for name, content in files.items()})


@settings(max_examples=600 * EFFORT)
@given(
    st.sampled_from(NAMES),
    st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=5)), max_size=30).map("".join),
)
@example("hosts.yaml", "web: {hosts: {h: {x: !!timestamp x}}}")
@example("hosts.yaml", "web: {hosts: {h: {x: !!omap [a: 1], y: !!pairs [a: 1], z: !!binary '%'}}}")
@example("hosts.yaml", "web: {hosts: {h: {!!set {a}: 1}}}")
@example("hosts.json", '{"a": {"hosts": {"h": {"x": NaN, "y": -Infinity, "__ansible_vault": 1}}}}')
@example("hosts.json", "[" * 100_000)
@example("hosts.ini", "h a=" + "9" * 5000)
@example("hosts.ini", "h a='\\N{no such}'")
def test_soup_of_inventory_words_is_read_or_refused(name: str, text: str) -> None:
    read_or_refuse({f"inventory/{name}": text.encode(), "inventory/zz.yaml": b"rest: {hosts: {h: }}"})


@settings(max_examples=400 * EFFORT)
@given(st.sampled_from(VALID), st.data())
def test_a_mutilated_inventory_is_read_or_refused(file: tuple[str, bytes], data: st.DataObject) -> None:
    name, content = file
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(start, min(len(content), start + 40)))
    put = data.draw(st.one_of(st.sampled_from(PIECES).map(str.encode), st.binary(max_size=6)))

    read_or_refuse({name: content[:start] + put + content[end:], "inventory/zz.yaml": b"rest: {hosts: {h: }}"})
