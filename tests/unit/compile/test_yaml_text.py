"""What `compile.yaml_text` writes reads back equal, for any text, and yamllint, set as by ansible-lint, accepts it."""

from collections.abc import Callable, Iterable
from typing import Any, cast

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from yamllint import linter
from yamllint.config import YamlLintConfig

from opspact.compile.yaml_text import lines
from opspact.steps.base import Template

AS_ANSIBLE_LINT = cast("Callable[[str], object]", YamlLintConfig)("""
extends: default
rules:
  braces: {max-spaces-inside: 1}
  brackets: {max-spaces-inside: 1}
  comments: {min-spaces-from-content: 1}
  comments-indentation: disable
  line-length: {max: 160}
  octal-values: {forbid-implicit-octal: true, forbid-explicit-octal: true}
""")
LINT = cast("Callable[[str, object], Iterable[object]]", linter.run)  # yamllint ships no types
WEIRD = (
    "",
    " ",
    "  leading blanks",
    "trailing blank ",
    "\ttab",
    "line\nbreak\n",
    "carriage\r\nreturn",
    "a # comment",
    "# comment",
    "key: value",
    "ends with colon:",
    "- item",
    "? key",
    "yes",
    "No",
    "on",
    "OFF",
    "y",
    "true",
    "NULL",
    "~",
    "null",
    "012",
    "0o12",
    "0x1f",
    "22:30",
    "1e3",
    "1_000",
    ".inf",
    ".NaN",
    "2026-01-01",
    "<<",
    "=",
    "---",
    "...",
    "%YAML",
    "@at",
    "`tick",
    "!tag",
    "&anchor",
    "*alias",
    "|",
    ">",
    "'single'",
    '"double"',
    "back\\slash",
    "{{ inventory_hostname }}",
    "{% if true %}",
    "{# comment #}",
    "}}",
    "{",
    "[a]",
    "办公自动化",
    "🙂 smile",
    "bell \a, escape \x1b, delete \x7f",
    "next line \x85, separators \u2028 \u2029, byte order mark \ufeff",
    "a" * 400,
    "\\" * 400,
    '"' * 400,
    " " * 400,
    "word " * 100,
    "\n" * 400,
    "\\ " * 200,
    "🙂" * 200,
    "{{" * 200,
    "\x85" * 200,
)


class Reader(yaml.SafeLoader):
    """A safe loader that knows Ansible's tag for text that is no template."""


class ReaderInC(yaml.CSafeLoader):
    """The same, on libyaml."""


def _as_text(loader: yaml.SafeLoader | yaml.CSafeLoader, node: yaml.Node) -> str:
    assert isinstance(node, yaml.ScalarNode)
    return str(loader.construct_scalar(node))


for reader in (Reader, ReaderInC):
    reader.add_constructor("!unsafe", _as_text)

texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.sampled_from(WEIRD),
    st.text(st.sampled_from(" \\\"'{}%#:-\n\tαx\u2028🙂"), max_size=400),
    st.lists(st.sampled_from(WEIRD), min_size=2, max_size=4).map("".join),
)
data = st.recursive(
    st.one_of(texts, st.integers(), st.booleans(), st.none()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)


def written(value: Any) -> str:
    return "\n".join(["---", *lines(value)]) + "\n"


def read(text: str) -> Any:
    """Return what both of PyYAML's readers see; Ansible uses the one in C."""
    seen = yaml.load(text, Loader=Reader)
    assert seen == yaml.load(text, Loader=ReaderInC)
    return seen


@pytest.mark.parametrize("text", WEIRD)
def test_weird_text_reads_back_equal_as_value_item_and_key(text: str) -> None:
    value = {"value": text, "list": [text, {text: text}], text + "key": {"nested": [[text]]}}
    assert value == read(written(value))


@pytest.mark.slow
@given(st.dictionaries(texts, data, min_size=1, max_size=5))
def test_any_data_reads_back_equal(value: dict[str, Any]) -> None:
    assert value == read(written(value))


@given(texts, st.integers(0, 12))
def test_however_deep_it_stands_text_reads_back_equal(text: str, depth: int) -> None:
    value: Any = text
    for level in range(depth):
        value = [value] if level % 2 else {"level": value}
    value = {"top": value}
    assert value == read(written(value))


@given(st.lists(texts, min_size=1, max_size=4))
def test_yamllint_accepts_what_is_written(values: list[str]) -> None:
    text = written({"values": values, "nested": {"value": values[0]}})
    assert [str(problem) for problem in LINT(text, AS_ANSIBLE_LINT)] == []


@given(texts)
def test_the_same_text_is_written_in_the_same_way_each_time(text: str) -> None:
    assert written({"value": text}) == written({"value": text})


@pytest.mark.parametrize("text", ["{{ x }}", "a {% if x %}", "{# x #}", "{{", "{%", "{#"])
def test_text_that_ansible_would_take_for_a_template_is_marked_unsafe(text: str) -> None:
    assert f'value: !unsafe "{text}"' == next(lines({"value": text}))


def test_text_that_is_meant_as_a_template_stays_one() -> None:
    assert next(lines({"value": Template("{{ x }}")})) == 'value: "{{ x }}"'


@pytest.mark.parametrize("value", [1.5, b"bytes", {1, 2}, object()])
def test_what_is_not_plain_data_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="not plain data"):
        list(lines({"value": value}))


def test_empty_collections_are_written_as_such() -> None:
    assert list(lines({"a": {}, "b": [], "c": [{}, []]})) == ["a: {}", "b: []", "c:", "  - {}", "  - []"]


def test_a_key_too_long_for_one_line_reads_back_equal() -> None:
    value = {"/srv/" + "x" * 3000: "short", "list": [{"k" * 2000: ["a", {"l" * 1500: {}}]}]}
    assert value == read(written(value))
