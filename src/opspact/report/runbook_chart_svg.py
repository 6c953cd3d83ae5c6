"""The flow chart of a runbook as SVG: nodes one below the other, ways past them in lanes at the sides.

Comes in: a chart. Goes out: SVG, the same bytes for the same chart. Text stays text, so the reader's fonts show it.
"""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise

from opspact.report.line_breaks import columns, line_breaks
from opspact.report.runbook_chart import Chart, Edge, EdgeKind, Node, Shape
from opspact.structs import Struct

_COLUMN = 7.5
"""Pixels that a column of text takes at most, at 13 pixels: a Chinese letter takes two columns."""
_ROOM = 44
"""Columns of a line in a node."""
_WIDTH = round(_ROOM * _COLUMN) + 28
_LINE, _PADDING, _GAP, _MARGIN, _LANE, _TIP = 18, 9, 30, 16, 14, 14
_STYLE = (
    "text{font:13px sans-serif;fill:#222}.title{font-weight:bold}.note{fill:#666}.label{fill:#444}"
    ".node{fill:#f4f7fb;stroke:#4a6785}.person{fill:#fff6e0}.call{fill:#eef7ee}.decision{fill:#fff}"
    ".border{fill:#e6e6e6;stroke:#888}.destructive{stroke:#c0392b;stroke-width:2}"
    ".edge{fill:none;stroke:#4a6785}.failure{stroke:#c0392b;stroke-dasharray:5 3}"
)


class Box(Struct):
    """A rectangle, in pixels."""

    x: float
    y: float
    width: float
    height: float

    @property
    def center(self) -> float:
        """Where its center is, from the left."""
        return self.x + self.width / 2

    @property
    def right(self) -> float:
        """Where it ends, from the left."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Where it ends, from the top."""
        return self.y + self.height


class TextBox(Struct):
    """A line of text: its style, where it stands, the room that it takes."""

    text: str
    style: str
    box: Box


class NodeBox(Struct):
    """A node with its box and its lines."""

    node: Node
    box: Box
    texts: tuple[TextBox, ...]


class EdgeLine(Struct):
    """An edge as a line through points, with its label."""

    edge: Edge
    points: tuple[tuple[float, float], ...]
    label: TextBox | None = None


class Drawing(Struct):
    """Everything that is drawn, and how large that is."""

    width: float
    height: float
    nodes: tuple[NodeBox, ...]
    edges: tuple[EdgeLine, ...]


def text_width(text: str) -> float:
    """Given a text, return how wide it is at most, in pixels."""
    return columns(text) * _COLUMN


def drawing(chart: Chart) -> Drawing:
    """Given a chart, return where everything of it stands."""
    order = {node.id: index for index, node in enumerate(chart.nodes)}
    skips = [edge for edge in chart.edges if edge.kind is EdgeKind.SKIP]
    failures = [edge for edge in chart.edges if edge.kind is EdgeKind.FAILURE]
    left, right = _lanes(skips, order), _lanes(failures, order)
    strip = max((text_width(edge.label) for edge in (*skips, *failures)), default=0) + 14
    start = _MARGIN + (len(set(left)) * _LANE + strip if left else 0)
    nodes = tuple(_nodes(chart.nodes, start))
    boxes = {each.node.id: each.box for each in nodes}
    edges = [_onward(edge, boxes) for edge in chart.edges if edge.kind is EdgeKind.NEXT]
    edges += [_skip(edge, boxes, start - strip - lane * _LANE) for edge, lane in zip(skips, left, strict=True)]
    edge_of = start + _WIDTH
    edges += [_failure(edge, boxes, edge_of + strip + lane * _LANE) for edge, lane in zip(failures, right, strict=True)]
    width = edge_of + _MARGIN + (len(set(right)) * _LANE + strip if right else 0)
    return Drawing(
        max(width, text_width(chart.title) + 2 * _MARGIN), nodes[-1].box.bottom + _MARGIN, nodes, tuple(edges)
    )


def _lanes(edges: Sequence[Edge], order: dict[str, int]) -> list[int]:
    """Return for each edge its lane: edges of one lane pass by different nodes."""
    ends: list[int] = []
    found = []
    for edge in sorted(edges, key=lambda each: order[each.start]):
        start, end = order[edge.start], order[edge.end]
        lane = next((number for number, until in enumerate(ends) if until < start), len(ends))
        ends[lane : lane + 1] = [end]
        found.append(lane)
    return found


def _nodes(nodes: Sequence[Node], x: float) -> Iterator[NodeBox]:
    y: float = _MARGIN + _LINE + _GAP
    for node in nodes:
        lines = [
            *((text, "title") for text in _wrapped(node.title)),
            *((text, "") for text in _wrapped(node.text)),
            *((text, "note") for text in _wrapped(node.note)),
        ]
        box = Box(x, y, _WIDTH, len(lines) * _LINE + 2 * _PADDING)
        texts = tuple(
            TextBox(text, style, _centred(text_width(text), box.center, y + _PADDING + number * _LINE))
            for number, (text, style) in enumerate(lines)
        )
        yield NodeBox(node, box, texts)
        y = box.bottom + _GAP


def _wrapped(text: str) -> list[str]:
    if not text:
        return []
    starts = [0, *line_breaks(text, _ROOM, hang=0), len(text)]
    return [text[start:end].rstrip() for start, end in pairwise(starts)]


def _centred(width: float, middle: float, top: float) -> Box:
    return Box(middle - width / 2, top, width, _LINE)


def _onward(edge: Edge, boxes: dict[str, Box]) -> EdgeLine:
    start, end = boxes[edge.start], boxes[edge.end]
    label = None
    if edge.label:
        width = text_width(edge.label)
        label = TextBox(edge.label, "label", Box(start.center + 8, start.bottom + 4, width, _LINE))
    return EdgeLine(edge, ((start.center, start.bottom), (end.center, end.y)), label)


def _skip(edge: Edge, boxes: dict[str, Box], lane: float) -> EdgeLine:
    """Return an edge past nodes at the left: it leaves in the lower half of a side and arrives in the upper one."""
    start, end = boxes[edge.start], boxes[edge.end]
    leaves, arrives = start.y + start.height * 0.7, end.y + end.height * 0.3
    points = ((start.x + _tip(0.7), leaves), (lane, leaves), (lane, arrives), (end.x, arrives))
    width = text_width(edge.label)
    return EdgeLine(edge, points, TextBox(edge.label, "label", Box(start.x - width - 4, leaves + 2, width, _LINE)))


def _failure(edge: Edge, boxes: dict[str, Box], lane: float) -> EdgeLine:
    """Return an edge past nodes at the right, in the same way."""
    start, end = boxes[edge.start], boxes[edge.end]
    leaves, arrives = start.y + start.height * 0.7, end.y + end.height * 0.3
    points = ((start.right, leaves), (lane, leaves), (lane, arrives), (end.right, arrives))
    width = text_width(edge.label)
    return EdgeLine(edge, points, TextBox(edge.label, "label", Box(start.right + 4, leaves + 2, width, _LINE)))


def _tip(share: float) -> float:
    """Return how far the side of a decision is from its box, at a share of its height."""
    return _TIP * abs(1 - 2 * share)


def svg(chart: Chart) -> str:
    """Given a chart, return it as an SVG document."""
    drawn = drawing(chart)
    width, height = round(drawn.width), round(drawn.height)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" lang="{escape(chart.language)}" width="{width}" '
        f'height="{height}" viewBox="0 0 {width} {height}">'
    )
    arrow = (
        '<defs><marker id="arrow" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">'
        '<path d="M0 0L8 4L0 8z" fill="#4a6785"/></marker></defs>'
    )
    title = TextBox(chart.title, "title", Box(_MARGIN, _MARGIN, text_width(chart.title), _LINE))
    lines = [
        head,
        f"<title>{escape(chart.title)}</title>",
        f"<style>{_STYLE}</style>",
        arrow,
        _text(title),
        *(part for each in drawn.edges for part in _edge(each)),
        *(part for each in drawn.nodes for part in _node(each)),
        "</svg>",
    ]
    return "".join(f"{line}\n" for line in lines)


def _edge(drawn: EdgeLine) -> Iterator[str]:
    path = "L".join(f"{_number(x)} {_number(y)}" for x, y in drawn.points)
    style = "edge failure" if drawn.edge.kind is EdgeKind.FAILURE else "edge"
    yield f'<path class="{style}" d="M{path}" marker-end="url(#arrow)"/>'
    if drawn.label:
        yield _text(drawn.label)


def _node(drawn: NodeBox) -> Iterator[str]:
    box, node = drawn.box, drawn.node
    style = f"node {node.shape.value}{' destructive' if node.is_destructive else ''}"
    x, y, right, bottom, half = box.x, box.y, box.right, box.bottom, box.y + box.height / 2
    if node.shape is Shape.DECISION:
        points = (
            (x + _TIP, y),
            (right - _TIP, y),
            (right, half),
            (right - _TIP, bottom),
            (x + _TIP, bottom),
            (x, half),
        )
        yield f'<polygon class="{style}" points="{" ".join(f"{_number(a)},{_number(b)}" for a, b in points)}"/>'
    else:
        radius = 18 if node.shape is Shape.BORDER else 4
        yield (
            f'<rect class="{style}" x="{_number(x)}" y="{_number(y)}" width="{_number(box.width)}" '
            f'height="{_number(box.height)}" rx="{radius}"/>'
        )
    if node.shape is Shape.CALL:
        for at in map(_number, (x + 6, right - 6)):
            yield f'<path class="edge" d="M{at} {_number(y)}V{_number(bottom)}"/>'
    yield from map(_text, drawn.texts)


def _text(drawn: TextBox) -> str:
    middle, baseline = drawn.box.center, drawn.box.y + 13
    style = f' class="{drawn.style}"' if drawn.style else ""
    return (
        f'<text{style} x="{_number(middle)}" y="{_number(baseline)}" text-anchor="middle">{escape(drawn.text)}</text>'
    )


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
