"""Proposed policies as the text of files.

In: documents. Out: files of the contract, by path.
"""

import itertools
from collections.abc import Container, Iterable, Iterator, Mapping
from textwrap import wrap

from opspact.compile import yaml_text
from opspact.rollout.adoption.proposal import Document
from opspact.steps.base import Template
from opspact.text.unicode import covered

FOLDER = "policies/adopted"
"""Where in a contract the policies come to lie."""
PROPOSED = "proposed"
"""Where policies come to lie that people must complete before they are any."""
_WIDTH = 110
_HEAD = (
    "Written by `opspact adopt` from what hosts have. Review each policy: give it the clauses that it covers, names",
    "that people know, and delete what nobody should promise.",
)


def policy_files(
    documents: Iterable[Document], taken: Container[str], folder: str = FOLDER
) -> dict[str, tuple[Document, ...]]:
    """Given documents and the paths that there are, return the documents of each new file in a folder, by its path."""
    found: dict[str, list[Document]] = {}
    for each in documents:
        found.setdefault(each.file, []).append(each)
    return {_free_path(f"{folder}/{file}", taken): tuple(inside) for file, inside in found.items()}


def _free_path(file: str, taken: Container[str]) -> str:
    numbers = itertools.chain(("",), (f"-{number}" for number in itertools.count(2)))
    paths = (f"{file}{number}.yaml" for number in numbers)
    return next(path for path in paths if path not in taken)


def policy_text(documents: Iterable[Document]) -> str:
    """Given the documents of a file, return its text."""
    head = "".join(f"# {line}\n" for line in _HEAD)
    return head + "---\n".join("".join(f"{line}\n" for line in _lines(each)) for each in documents)


def _lines(document: Document) -> Iterator[str]:
    for comment in document.comments:
        # What others wrote stands on lines of this comment alone, whatever characters are in it.
        for line in wrap(covered(" ".join(comment.split())), _WIDTH, subsequent_indent="  "):
            yield f"# {line}"
    yield from yaml_text.lines(_plain_texts(document.data))


def _plain_texts(data: Mapping[str, object]) -> dict[str, object]:
    """Return data whose texts are written as they are: nothing in a policy is a text of Ansible."""
    return {key: _plain_text(value) for key, value in data.items()}


def _plain_text(value: object) -> object:
    match value:
        case str():
            return Template(value)
        case Mapping():
            return _plain_texts(value)
        case list() | tuple():
            return [_plain_text(each) for each in value]
        case _:
            return value
