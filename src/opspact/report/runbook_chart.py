"""The flow chart of a runbook: its steps in order, the ways past them, and the Mermaid text of it.

Comes in: a runbook, a language. Goes out: a chart; Mermaid. `runbook_chart_svg` draws it.
"""

from collections.abc import Iterable, Iterator
from enum import StrEnum

from opspact.analyse.runbook_steps import action_word
from opspact.model.policies.runbook import OnFailure, Runbook, RunbookStep
from opspact.model.runbook_actions import ApproveAction, CallAction, ManualAction
from opspact.report.lines import one_line
from opspact.report.runbook_words import condition_words, label
from opspact.structs import Struct

START, END, BACK, FAILED = "begin", "finish", "back", "failed"
"""Names of nodes; Mermaid takes `end` for a word of its own."""
_LONGEST = 400
"""Characters of a text in a chart."""


class Shape(StrEnum):
    """What a node is."""

    BORDER = "border"
    STEP = "step"
    PERSON = "person"
    CALL = "call"
    DECISION = "decision"


class EdgeKind(StrEnum):
    """Why one node follows another."""

    NEXT = "next"
    SKIP = "skip"
    FAILURE = "failure"


class Node(Struct):
    """One node: its title, the lines below it, a last one that says what it is."""

    id: str
    shape: Shape
    title: str
    text: str = ""
    note: str = ""
    is_destructive: bool = False


class Edge(Struct):
    """One node follows another one."""

    start: str
    end: str
    kind: EdgeKind
    label: str = ""


class Chart(Struct):
    """A flow chart. Nodes are in the order in which they are drawn."""

    title: str
    language: str
    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]


def runbook_chart(runbook: Runbook, language: str) -> Chart:
    """Given a runbook and a language (`zh-CN` or `en`), return its flow chart."""
    nodes = [Node(START, Shape.BORDER, label("start", language)), *_before(runbook, language)]
    entries: dict[str, str] = {}
    for number, step in enumerate(runbook.steps, 1):
        if step.when.alternatives:
            words = f"{condition_words(step.when, language)}"
            nodes.append(Node(f"d{number}", Shape.DECISION, _shown(words)))
        entries[step.name] = f"d{number}" if step.when.alternatives else f"n{number}"
        nodes.append(_step(step, f"n{number}", language))
    nodes.append(Node(END, Shape.BORDER, label("done", language)))
    edges = [*_onward(nodes, language), *_failures(runbook, entries, language)]
    if any(edge.end == BACK for edge in edges):
        taken_back = [step.name for step in reversed(runbook.steps) if step.rollback_action is not None]
        nodes.append(Node(BACK, Shape.STEP, label("rollback", language), ", ".join(taken_back)))
        nodes.append(Node(FAILED, Shape.BORDER, label("failed", language)))
        edges.append(Edge(BACK, FAILED, EdgeKind.NEXT))
    title = f"{runbook.name}: {_shown(runbook.text.in_language(language))}"
    return Chart(title, language, tuple(nodes), tuple(edges))


def _before(runbook: Runbook, language: str) -> Iterator[Node]:
    if runbook.preconditions:
        texts = "; ".join(each.text.in_language(language) for each in runbook.preconditions)
        yield Node("preconditions", Shape.STEP, label("preconditions", language), _shown(texts))
    if runbook.restore_points:
        yield Node("restore", Shape.STEP, label("restore point", language), ", ".join(runbook.restore_points))


def _step(step: RunbookStep, identifier: str, language: str) -> Node:
    match step.action:
        case ManualAction() | ApproveAction():
            shape = Shape.PERSON
        case CallAction():
            shape = Shape.CALL
        case _:
            shape = Shape.STEP
    notes = [label(action_word(step.action), language)]
    notes += [step.action.runbook] if isinstance(step.action, CallAction) else []
    notes += [step.action.approval] if isinstance(step.action, ApproveAction) else []
    notes += [label("destructive", language)] if step.destructive else []
    notes += [label(step.on_failure.value, language)] if step.on_failure in {OnFailure.CONTINUE, OnFailure.ASK} else []
    text = _shown(step.text.in_language(language))
    return Node(identifier, shape, step.name, text, " · ".join(notes), is_destructive=step.destructive)


def _onward(nodes: list[Node], language: str) -> Iterator[Edge]:
    """Yield what follows each node when all goes well."""
    for index, node in enumerate(nodes[:-1]):
        following = nodes[index + 1].id
        if node.shape is Shape.DECISION:
            yield Edge(node.id, following, EdgeKind.NEXT, label("yes", language))
            yield Edge(node.id, nodes[index + 2].id, EdgeKind.SKIP, label("no", language))
        else:
            yield Edge(node.id, following, EdgeKind.NEXT)


def _failures(runbook: Runbook, entries: dict[str, str], language: str) -> Iterator[Edge]:
    failed = label("failed", language)
    for number, step in enumerate(runbook.steps, 1):
        if step.on_failure is OnFailure.GOTO:
            yield Edge(f"n{number}", entries[step.goto], EdgeKind.FAILURE, failed)
        elif step.on_failure is OnFailure.ROLLBACK:
            yield Edge(f"n{number}", BACK, EdgeKind.FAILURE, failed)


def _shown(text: str) -> str:
    shown = one_line(text).strip()
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"


_BRACKETS = {
    Shape.BORDER: ("([", "])"),
    Shape.STEP: ("[", "]"),
    Shape.PERSON: ("[/", "/]"),
    Shape.CALL: ("[[", "]]"),
    Shape.DECISION: ("{{", "}}"),
}
_ARROWS = {EdgeKind.NEXT: "-->", EdgeKind.SKIP: "-->", EdgeKind.FAILURE: "-.->"}
_MEANT = frozenset('"#%&<>`{}[]()|;\\')
"""Characters that mean something to Mermaid or to the page that shows it, in a quoted text too."""


def mermaid(chart: Chart) -> str:
    """Given a chart, return it in Mermaid's language, whatever its texts hold."""
    lines = ["flowchart TD"]
    for node in chart.nodes:
        opening, closing = _BRACKETS[node.shape]
        text = "<br/>".join(_escaped(each) for each in (node.title, node.text, node.note) if each)
        lines.append(f'  {node.id}{opening}"{text}"{closing}')
    for edge in chart.edges:
        words = f'|"{_escaped(edge.label)}"|' if edge.label else ""
        lines.append(f"  {edge.start} {_ARROWS[edge.kind]}{words} {edge.end}")
    destructive = ",".join(_destructive(chart.nodes))
    if destructive:
        lines += ["  classDef destructive stroke:#c0392b,stroke-width:2px", f"  class {destructive} destructive"]
    return "".join(f"{line}\n" for line in lines)


def _destructive(nodes: Iterable[Node]) -> Iterator[str]:
    yield from (node.id for node in nodes if node.is_destructive)


def _escaped(text: str) -> str:
    """Return a text for Mermaid: its entities are numbers of characters between `#` and `;`."""
    return "".join(f"#{ord(letter)};" if letter in _MEANT else letter for letter in text)
