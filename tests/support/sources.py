"""The product's own sources, parsed once a process, for the rules held over all of them."""

import ast
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

TOP = Path(__file__).parents[2]
SOURCES = TOP / "src" / "opspact"
MODULES = sorted(SOURCES.rglob("*.py"))


def shown(path: Path) -> str:
    return path.relative_to(SOURCES).as_posix()


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def nodes(path: Path) -> list[ast.AST]:
    return list(ast.walk(parsed(path)))


def strings(tree: ast.AST, *, docstrings: bool = False) -> Iterator[str]:
    """Yield the texts of a module, those of its docstrings only where they are wanted."""
    every = list(ast.walk(tree))
    bodies = [body for node in every if isinstance(body := getattr(node, "body", None), list)]
    left_out = {id(each.value) for body in bodies for each in body if isinstance(each, ast.Expr) and not docstrings}
    for node in every:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in left_out:
            yield node.value


def broken(rule: Callable[[Path], object], paths: Iterable[Path] = MODULES) -> dict[str, object]:
    """What breaks a rule, by file. One test holds a rule over all files: one test a file would be thousands."""
    return {path.relative_to(TOP).as_posix(): found for path in paths if (found := rule(path))}
