"""Policies as written: from the files of a contract to checked documents.

Comes in: a tree (path inside the contract → bytes), from a folder or from a commit. Goes out: documents that know where
they are written, or Refused with every problem at once.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice

from pydantic import ValidationError

from opspact.errors import Place, Problem, Refused
from opspact.schema import translate
from opspact.schema.codes import Code
from opspact.schema.kinds import KINDS, AnyDocument
from opspact.schema.unexpected_files import FOLDERS, POLICIES, SUFFIXES, is_unexpected, unexpected_files
from opspact.schema.value_error import quote
from opspact.schema.yaml import limits
from opspact.schema.yaml.nodes import MappingNode, Mark, Node, PathPart, Scalar, find, last_line_of, plain
from opspact.schema.yaml.reader import read_yaml
from opspact.schema.yaml.source import Source
from opspact.structs import Struct
from opspact.text.counts import format_count
from opspact.text.suggestions import did_you_mean

_LAYOUT = "a contract has policies/*.yaml with one document of kind: contract, and hosts in inventory/"


class LocatedDocument(Struct, eq=False):
    """A document as written: what it says, and where each of its fields stands."""

    document: AnyDocument
    place: Place
    _node: Node
    _source: Source

    def at(self, *path: PathPart) -> Place:
        """Given a path such as `"files", 0, "path"`, return its place, or the nearest written parent's."""
        return self._source.place(self._mark(path))

    def problem(self, code: str, path: Iterable[PathPart], message: str, *, hint: str = "") -> Problem:
        """Given what is wrong at a path, return the problem with its place and the written line."""
        parts = tuple(path)
        mark = self._mark(parts)
        where, line = translate.format_path(parts), self._source.line(mark.line)
        return Problem(code, self._source.place(mark), message, where=where, hint=hint, source=line)

    def last_line(self, *path: PathPart) -> int:
        """Given a path, return the line on which its value ends, or its nearest written parent's."""
        return last_line_of(find(self._node, path)[0])

    def source_line(self, line: int) -> str:
        """Given a line of the document's file, return it as written, fit for showing."""
        return self._source.line(line)

    def digest(self) -> str:
        """Return the SHA-256, in hex, of what is written: keys and values in order, without comments and layout."""
        return sha256(json.dumps(plain(self._node), ensure_ascii=False).encode()).hexdigest()

    def _mark(self, path: tuple[PathPart, ...]) -> Mark:
        return find(self._node, path)[1]


@dataclass(slots=True)
class _Findings:
    """What one reading gathers."""

    documents: list[LocatedDocument] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    names: dict[tuple[str, str], Place] = field(default_factory=dict)
    contracts: list[tuple[Source, Mark]] = field(default_factory=list)
    unread: bool = False  # some file could not be read to its end: what is missing may stand there


def read_policies(tree: Mapping[str, bytes]) -> tuple[LocatedDocument, ...]:
    """Given the files of a contract, return its policies, in the order of their paths and places.

    Only `*.yaml` and `*.yml` under `policies/` and `runbooks/` are read; in which of the two a document stands means
    nothing. Raise Refused with all problems of all files when anything is wrong, when another file there may be taken
    for a policy, when there are no policies, or when not exactly one document is the contract.
    """
    findings = _Findings(problems=list(unexpected_files(tree)))
    findings.unread = bool(findings.problems)
    files = sorted(
        path for path in tree if path.startswith(FOLDERS) and path.endswith(SUFFIXES) and not is_unexpected(path)
    )
    for path in files:
        _read_file(path, tree[path], findings)
    _check_contract(files, findings)
    if findings.problems:
        raise policies_refused(findings.problems)
    return tuple(findings.documents)


def read_documents(path: str, content: bytes) -> tuple[LocatedDocument, ...]:
    """Given a file that stands for itself and its path for messages, return its policies; no contract need be there.

    Raise Refused with all problems when anything is wrong.
    """
    findings = _Findings()
    _read_file(path, content, findings)
    if findings.problems:
        raise policies_refused(findings.problems)
    return tuple(findings.documents)


def policies_refused(problems: Sequence[Problem]) -> Refused:
    """Given what is wrong with the policies, return the error that says so."""
    return Refused(f"{format_count(len(problems), 'problem')} in the policies", problems)


def _read_file(path: str, content: bytes, findings: _Findings) -> None:
    read = read_yaml(path, content)
    here = _Findings(problems=list(read.problems), names=findings.names)
    reported = frozenset(problem.place for problem in read.problems)
    for node in read.documents:
        if read.source is None or len(here.problems) > limits.PROBLEMS_PER_FILE:
            break
        _read_document(node, read.source, reported, findings=here)
    findings.documents.extend(here.documents)
    findings.contracts.extend(here.contracts)
    findings.problems.extend(here.problems[: limits.PROBLEMS_PER_FILE])
    more = len(here.problems) > limits.PROBLEMS_PER_FILE
    findings.unread = findings.unread or bool(read.problems) or more
    if more:
        message = f"more than {limits.PROBLEMS_PER_FILE} problems; the rest are not listed"
        findings.problems.append(Problem(Code.MORE_PROBLEMS, Place(path), message, hint="fix these first"))


def _read_document(node: Node, source: Source, reported: frozenset[Place], *, findings: _Findings) -> None:
    kind = _kind(node, source, findings)
    if kind is None:
        return
    if kind == "contract":
        findings.contracts.append((source, node.mark))
    written, mark, depth = find(node, ("name",))
    if depth and isinstance(written, Scalar) and isinstance(written.value, str):
        _check_name(kind, written.value, mark, source=source, findings=findings)
    model = KINDS[kind]
    try:
        document = model.model_validate(plain(node))
    except ValidationError as error:
        found = translate.problems(error, node, model=model, source=source)
        new = (problem for problem in found if problem.place not in reported)
        findings.problems.extend(islice(new, limits.PROBLEMS_PER_FILE + 1))
    else:
        if not depth:  # the document made a name by itself
            _check_name(kind, document.name, node.mark, source=source, findings=findings)
        findings.documents.append(LocatedDocument(document, source.place(node.mark), node, source))


def _kind(node: Node, source: Source, findings: _Findings) -> str | None:
    """Return the document's kind when there is such a kind, else note what is wrong."""
    if not isinstance(node, MappingNode):
        message = "a policy is a mapping of keys: kind, name, …"
        findings.problems.append(source.problem(Code.NOT_A_MAPPING, node.mark, message))
        return None
    written = node.values.get("kind")
    if written is None:
        near = next((key for key in node.keys if key.lower() == "kind"), None)
        hint = f"use kind instead of {near}" if near else f"one of {', '.join(KINDS)}"
        findings.problems.append(source.problem(Code.KIND_MISSING, node.mark, "the document has no kind", hint=hint))
        return None
    if isinstance(written, Scalar) and isinstance(written.value, str) and written.value in KINDS:
        return written.value
    got = written.text if isinstance(written, Scalar) else ""
    hint = did_you_mean(got, KINDS)
    message = f"unknown kind {quote(got)}" if got else "kind must be a word"
    findings.problems.append(source.problem(Code.KIND_UNKNOWN, find(node, ("kind",))[1], message, hint=hint))
    return None


def _check_name(kind: str, name: str, mark: Mark, *, source: Source, findings: _Findings) -> None:
    """Note a name that another document of the kind has already."""
    place = source.place(mark)
    first = findings.names.setdefault((kind, name), place)
    if first != place:
        message = f"duplicate {kind} {quote(name)}, first defined at {first}"
        hint = "names must be unique within a kind"
        findings.problems.append(source.problem(Code.NAME_TWICE, mark, message, hint=hint))


def _check_contract(files: list[str], findings: _Findings) -> None:
    """Note a tree without policies, and one without exactly one contract."""
    if not files and not findings.unread:
        place = Place(POLICIES.rstrip("/"))
        findings.problems.append(Problem(Code.NO_POLICIES, place, "no policies found", hint=_LAYOUT))
    elif not findings.contracts and not findings.unread:
        place = Place(POLICIES.rstrip("/"))
        message = "no document of kind: contract"
        hint = "add one with customer, provider, period, zone and language"
        findings.problems.append(Problem(Code.NO_CONTRACT, place, message, hint=hint))
    for source, mark in findings.contracts[1:]:
        first_source, first_mark = findings.contracts[0]
        message = f"duplicate contract, first defined at {first_source.place(first_mark)}"
        hint = "a repository holds exactly one contract"
        findings.problems.append(source.problem(Code.TWO_CONTRACTS, mark, message, hint=hint))
