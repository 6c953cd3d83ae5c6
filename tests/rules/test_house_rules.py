"""The house rules that no linter knows, held over all of `src`."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sources import MODULES, SOURCES, TOP, broken, nodes, parsed, shown

from opspact.steps.base import Step
from opspact.steps.kinds import KINDS

PYTHON = sorted(path for folder in ("src", "tests", "ci", "findings") for path in (TOP / folder).rglob("*.py"))
LAYERS = [path for path in MODULES if path.name == "__init__.py" and path.parent.parent == SOURCES]
LONGEST_FILE = 400
LONGEST_FUNCTION = 50
SPEAKS = ("report/", "cli/", "onhost/")
"""Layers that print: what people read, and on-host programs, whose output is their answer."""


def test_there_is_something_to_hold_the_rules_over() -> None:
    assert len(MODULES) > 100
    assert {path.parent.name for path in LAYERS} >= {"schema", "model", "analyse", "compile", "fleet", "cli"}


def missing(words: str, *wanted: str) -> list[str]:
    return [pattern for pattern in wanted if not re.search(rf"\b{pattern}:\s", words)]


def test_a_layer_says_in_out_and_may_not() -> None:
    def rule(path: Path) -> object:
        return missing(ast.get_docstring(parsed(path)) or "", "(Comes in|In)", "(Goes out|Out)", "May not")

    assert broken(rule, LAYERS) == {}


def test_a_module_says_what_comes_in_and_what_goes_out() -> None:
    def rule(path: Path) -> object:
        words = ast.get_docstring(parsed(path)) or ""
        if path.name in {"__init__.py", "__main__.py"}:
            return not words
        return missing(words, "(Comes in|In)", "(Goes out|Out)")

    assert broken(rule) == {}


def test_a_file_is_short() -> None:
    def rule(path: Path) -> object:
        length = len(path.read_text(encoding="utf-8").splitlines())
        return length if length > LONGEST_FILE else 0

    assert broken(rule, PYTHON) == {}


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    return (node for node in nodes(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_a_function_is_short() -> None:
    def rule(path: Path) -> object:
        lengths = {node.name: (node.end_lineno or 0) - node.lineno + 1 for node in functions(path)}
        return {name: length for name, length in lengths.items() if length > LONGEST_FUNCTION}

    assert broken(rule) == {}


def names_of(kind: ast.expr | None) -> set[str]:
    if kind is None:
        return {"everything"}
    return {node.id for node in ast.walk(kind) if isinstance(node, ast.Name)}


def test_only_the_command_line_catches_every_error() -> None:
    def rule(path: Path) -> object:
        return [
            handler.lineno
            for handler in nodes(path)
            if isinstance(handler, ast.ExceptHandler)
            and names_of(handler.type) & {"everything", "Exception", "BaseException"}
        ]

    # The second one runs a customer's program, which may raise anything; the third ends as Python itself does.
    known = {"cli/main.py", "fleet/fabric/fabfile.py", "onhost/program_batch.py"}
    assert broken(rule).keys() == {f"src/opspact/{name}" for name in known}


@cache
def calls(path: Path) -> frozenset[str]:
    """The functions that a file calls by a name, with or without its module."""
    return frozenset(
        ast.unparse(node.func)
        for node in nodes(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
    )


def test_only_the_layers_that_speak_print() -> None:
    assert broken(lambda path: "print" in calls(path) and not shown(path).startswith(SPEAKS)) == {}


def test_only_the_command_line_ends_the_program() -> None:
    def rule(path: Path) -> object:
        ends = {"sys.exit", "exit", "quit", "os._exit"} & calls(path)
        return ends and shown(path) not in {"cli/main.py", "__main__.py"} and not is_program(path)

    assert broken(rule) == {}


def is_program(path: Path) -> bool:
    """Whether a file is a program of its own, started by another: its end is its answer."""
    return any(
        isinstance(node, ast.If) and ast.unparse(node.test) == "__name__ == '__main__'" for node in parsed(path).body
    )


def test_nothing_of_ours_is_imported_inside_a_function() -> None:
    def rule(path: Path) -> object:
        return [
            ast.unparse(node)
            for function in functions(path)
            for node in ast.walk(function)
            if isinstance(node, ast.Import | ast.ImportFrom) and "opspact" in ast.unparse(node)
        ]

    assert broken(rule) == {}


def is_frozen_dataclass(node: ast.AST) -> bool:
    return isinstance(node, ast.ClassDef) and any(
        ast.unparse(each).startswith("dataclass(") and "frozen=True" in ast.unparse(each)
        for each in node.decorator_list
    )


def test_frozen_values_are_structs() -> None:
    """They are defined sooner (docs/decisions/0014). Steps are abstract, and a struct cannot be."""

    def rule(path: Path) -> object:
        frozen = [node for node in nodes(path) if is_frozen_dataclass(node)]
        return [ast.unparse(node) for node in frozen if "compare=False" not in ast.unparse(node)]

    assert broken(rule, [path for path in MODULES if not shown(path).startswith("steps/")]) == {}


def test_no_function_rebinds_a_global() -> None:
    assert broken(lambda path: [node.lineno for node in nodes(path) if isinstance(node, ast.Global)]) == {}


def test_what_a_linter_is_told_to_ignore_has_a_reason() -> None:
    def rule(path: Path) -> object:
        comments = [line for line in path.read_text(encoding="utf-8").splitlines() if re.search(r"#\snoqa\b", line)]
        return [line for line in comments if not re.search(r"#\snoqa: [A-Z0-9, ]+ - \S", line)]

    assert broken(rule, PYTHON) == {}


# The registry of step kinds


def subclasses(kind: Any) -> Iterator[Any]:
    for below in kind.__subclasses__():
        yield below
        yield from subclasses(below)


def test_every_kind_of_step_is_in_the_closed_union() -> None:
    files = {path.stem for path in (SOURCES / "steps").glob("*.py")}
    written = {
        node.name
        for path in (SOURCES / "steps").glob("*.py")
        for node in parsed(path).body
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base) == "Step" for base in node.bases)
    }
    assert (
        {kind.__name__ for kind in KINDS.values()}
        == written
        == {kind.__name__ for kind in subclasses(Step) if kind.__module__.startswith("opspact.")}
    )
    assert len(KINDS) == len(written)
    assert len(files) > len(written)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
def test_every_kind_of_step_has_a_rank_that_its_base_class_tells(kind: type[Step]) -> None:
    reported = (SOURCES / "steps" / "base.py").read_text(encoding="utf-8")
    assert re.search(rf"\b{kind.rank}\b", reported)


@pytest.mark.parametrize("kind", KINDS.values(), ids=lambda kind: kind.__name__)
def test_every_kind_of_step_says_what_its_check_asks(kind: type[Step]) -> None:
    assert kind.question.endswith("?")


def test_every_code_of_the_pure_half_means_one_thing() -> None:
    from_schema = re.findall(r'= "(OP\d{3})"', (SOURCES / "schema" / "codes.py").read_text(encoding="utf-8"))
    assert len(set(from_schema)) == len(from_schema)
    later = {
        code
        for layer in ("model", "analyse", "compile")
        for path in (SOURCES / layer).rglob("*.py")
        if path.name != "refusals.py"  # it explains the codes of all
        for code in re.findall(r'"(OP\d{3})"', path.read_text(encoding="utf-8"))
    }
    assert later
    assert later.isdisjoint(from_schema)


# The ledger's events are typed


def test_nobody_but_the_ledger_touches_the_raw_body_of_an_event() -> None:
    touched = {
        shown(path)
        for path in MODULES
        for node in nodes(path)
        if isinstance(node, ast.Attribute)
        and node.attr in {"body", "body_text"}
        and ast.unparse(node.value) != "junit"  # a module
        and not shown(path).startswith("ledger/")
    }
    assert touched == set()
