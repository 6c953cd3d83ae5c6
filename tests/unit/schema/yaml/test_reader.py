"""The YAML reader: the meaning of YAML 1.2, places, limits."""

import time

import pytest
import yaml

from opspact.schema.yaml import limits
from opspact.schema.yaml.nodes import MappingNode, Mark, find, plain
from opspact.schema.yaml.reader import read_yaml


def value_of(text: str) -> object:
    read = read_yaml("policies/a.yaml", f"value: {text}\n".encode())
    assert read.problems == ()
    (node,) = read.documents
    whole = plain(node)
    assert isinstance(whole, dict)
    return whole["value"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("true", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("1.5", 1.5),
        ("-0.5e3", -500.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("!!str 5", "5"),
        ("!!int 5", 5),
        ("! 5", "5"),
        ('"true"', "true"),
    ],
)
def test_the_core_schema_of_yaml_1_2_holds(text: str, expected: object) -> None:
    found = value_of(text)
    assert (type(expected), expected) == (type(found), found)


@pytest.mark.parametrize(
    "text",
    [
        "22:30",
        "02:30",
        "012",
        "0x10",
        "0o14",
        "0b1",
        "1_000",
        "1234567890123456789012",
        "yes",
        "no",
        "on",
        "off",
        "y",
        "n",
        "True",
        "FALSE",
        "Null",
        "2026-01-01",
        "2026-01-01T09:00",
        ".inf",
        ".nan",
        "1.2.3",
        "00.5",
        ".",
        "e5",
        "+",
        "=",
    ],
)
def test_everything_else_stays_text(text: str) -> None:
    assert text == value_of(text)


def test_pyyaml_itself_reads_the_evening_as_a_number() -> None:
    """The trap that the reader is there for."""
    text = "start: 22:30\nuntil: 02:30\nwanted: no\n"
    expected = {"start": 1350, "until": "02:30", "wanted": False}
    assert expected == yaml.load(text, Loader=yaml.CSafeLoader)


def test_every_value_knows_its_place() -> None:
    text = "kind: service\nfiles:\n  - {path: /etc/a, 键: 值}\n  - path: /etc/b\n    mode:\n      '0644'\n"
    (node,) = read_yaml("a", text.encode()).documents
    marks = {
        path: find(node, path)[1]
        for path in (
            ("kind",),
            ("files",),
            ("files", 0),
            ("files", 0, "键"),
            ("files", 1, "path"),
            ("files", 1, "mode"),
            ("files", 1, "owner"),
            ("files", 7, "path"),
            ("kind", "deeper"),
        )
    }
    expected = {
        ("kind",): Mark(1, 7),
        ("files",): Mark(2, 1),
        ("files", 0): Mark(3, 5),
        ("files", 0, "键"): Mark(3, 23),
        ("files", 1, "path"): Mark(4, 11),
        ("files", 1, "mode"): Mark(5, 5),
        ("files", 1, "owner"): Mark(4, 5),
        ("files", 7, "path"): Mark(2, 1),
        ("kind", "deeper"): Mark(1, 7),
    }
    assert expected == marks


@pytest.mark.parametrize("breaks", ["\n", "\r\n", "\r"])
def test_lines_are_counted_with_any_line_break_and_a_byte_order_mark(breaks: str) -> None:
    read = read_yaml("a", ("\ufeff" + breaks.join(["a: 1", "b: 2", "a: 3", ""])).encode())
    assert [str(problem) for problem in read.problems] == ['a:3:1: duplicate key "a", first defined at a:1:1']
    assert [problem.source for problem in read.problems] == ["a: 3"]


def test_a_year_may_be_a_key_without_quotes_and_no_other_number() -> None:
    read = read_yaml("a", b"2027: x\n'2028': y\n")
    assert [plain(node) for node in read.documents] == [{"2027": "x", "2028": "y"}]
    for text in ("27: x", "02027: x", "2027.0: x", "-2027: x", "20270: x", "true: x"):
        assert [problem.code for problem in read_yaml("a", text.encode()).problems] == (
            [] if text == "02027: x" else ["OP008"]
        )
    twice = read_yaml("a", b"2027: x\n'2027': y\n")
    assert [problem.code for problem in twice.problems] == ["OP004"]


def test_several_documents_are_read_and_empty_ones_are_skipped() -> None:
    read = read_yaml("a", b"---\n---\na: 1\n---\n# nothing\n...\n---\nb: 2\n")
    assert [plain(node) for node in read.documents] == [{"a": 1}, {"b": 2}]
    assert read.problems == ()


def test_documents_before_a_broken_one_are_kept() -> None:
    read = read_yaml("a", b"a: 1\n---\nb: [\n")
    assert [plain(node) for node in read.documents] == [{"a": 1}]
    assert [problem.code for problem in read.problems] == ["OP001"]


def test_an_alias_stands_for_its_anchor_and_points_to_where_it_is_used() -> None:
    (node,) = read_yaml("a", b"first: &x {a: 1}\nsecond: *x\n").documents
    assert plain(node) == {"first": {"a": 1}, "second": {"a": 1}}
    assert Mark(2, 1) == find(node, ("second",))[1]


def test_the_parser_accepts_yaml_1_2_by_name() -> None:
    assert [plain(node) for node in read_yaml("a", b"%YAML 1.2\n---\na: no\n").documents] == [{"a": "no"}]


@pytest.mark.slow
@pytest.mark.parametrize(
    "content",
    [
        b"[" * 1_000_000,
        b"{a: " * 200_000,
        b"- " * 500_000,
        b"? " * 500_000,
        b"a: &a [1]\n" + b"".join(b"b%d: *a\n" % number for number in range(70_000)),
        b"&a " * 300_000,
        b"'" * 1_000_000,
        b"- x\n" * 262_144,
        b"[" + b"," * 1_000_000,
        b"# " * 2_500_000,
        b"\x00" * 5_000_000,
        b"\r" * 1_048_576,
        b"a:\r\n" * 200_000,
        b"! " * 500_000,
        b"%TAG ! a\n" * 100_000,
        b"--- \n" * 200_000,
        b"*" + b"a" * 1_000_000,
        b'"' + b"\\x41" * 250_000 + b'": x',
    ],
    ids=lambda content: repr(content[:12]),
)
def test_hostile_files_are_done_with_quickly(content: bytes) -> None:
    begun = time.process_time()
    read = read_yaml("a", content)
    assert time.process_time() - begun < 5
    assert len(read.problems) <= limits.PROBLEMS_PER_FILE + 1


def test_work_is_bounded_by_what_aliases_stand_for() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 10)}]" for level in range(1, 40)]
    read = read_yaml("a", "\n".join(lines).encode())
    assert [problem.code for problem in read.problems] == ["OP003"]
    assert read.documents == ()


def test_a_file_of_the_largest_size_is_read() -> None:
    head = b"a: |\n"
    line = b"  " + b"x" * 97 + b"\n"
    content = head + line * ((limits.POLICY_FILE_BYTES - len(head)) // len(line))
    read = read_yaml("a", content)
    assert read.problems == ()
    assert isinstance(read.documents[0], MappingNode)
