"""Flow charts: nothing overlaps, no text of others is markup, and Mermaid's grammar holds."""

import re
from itertools import combinations
from random import Random
from xml.etree import ElementTree as ET

import pytest
from building import tree
from runbook_texts import steps

from opspact.report.runbook_chart import Chart, EdgeKind, mermaid, runbook_chart
from opspact.report.runbook_chart_svg import Box, Drawing, EdgeLine, drawing, svg
from opspact.resolve.contract import resolve

CAUSE = "inputs: {cause: {text: {en: cause}, choice: [disk, memory]}}\n"
LOOK = "check: [{unit: x.service}]"
TEXT = re.compile(r"(?:[^\"#%&<>`{}\[\]()|;\\]|#\d+;|<br/>)*")
NODE = re.compile(r"  \w+(?:\(\[\"(.*)\"\]\)|\[\[\"(.*)\"\]\]|\[/\"(.*)\"/\]|\[\"(.*)\"\]|\{\{\"(.*)\"\}\})")
EDGE = re.compile(r"  (\w+) (?:-->|-\.->)(?:\|\"(.*)\"\|)? (\w+)")


def chart(*written: str, top: str = "", language: str = "en") -> Chart:
    return runbook_chart(resolve(tree(steps(*written, top=top))).runbooks[0], language)


def at_random(seed: int) -> Chart:
    """Return the chart of a runbook with conditions, gotos, ways back and texts at random."""
    random, count = Random(seed), 1 + seed % 12
    written = []
    for number in range(1, count + 1):
        fields = random.choice(["command: [x]", LOOK, "manual: {en: look}", "command: [x], rollback: {command: [y]}"])
        if random.random() < 0.4:
            fields += ", when: {cause: disk}"
        follows = random.choice(["abort", "continue", "rollback", "goto" if number < count else "ask"])
        fields += f", on_failure: {follows}"
        if follows == "goto":
            fields += f", goto: step-{random.randint(number + 1, count)}"
        written.append(fields)
    text = steps(*written, top=CAUSE).replace("text: {en: step 2}", f"text: {{zh: {'备份' * (seed % 40 + 1)}}}")
    return runbook_chart(resolve(tree(text)).runbooks[0], random.choice(["en", "zh-CN"]))


def overlap(one: Box, other: Box) -> bool:
    across = one.x < other.right and other.x < one.right
    return across and one.y < other.bottom and other.y < one.bottom


def crossed(edge: EdgeLine, box: Box, *, border: float = 15) -> bool:
    """Whether a line of an edge goes through a box, its border not counted."""
    inner = Box(box.x + border, box.y + 1, box.width - 2 * border, box.height - 2)
    for (x1, y1), (x2, y2) in zip(edge.points, edge.points[1:], strict=False):
        line = Box(min(x1, x2), min(y1, y2), abs(x1 - x2) + 0.01, abs(y1 - y2) + 0.01)
        if overlap(line, inner):
            return True
    return False


def every_box(drawn: Drawing) -> list[Box]:
    return [*(each.box for each in drawn.nodes), *(each.label.box for each in drawn.edges if each.label)]


@pytest.mark.parametrize("seed", range(40))
def test_nothing_overlaps_and_everything_is_inside(seed: int) -> None:
    drawn = drawing(at_random(seed))
    assert not [pair for pair in combinations(every_box(drawn), 2) if overlap(*pair)]
    for node in drawn.nodes:
        for text in node.texts:
            assert node.box.x <= text.box.x
            assert text.box.right <= node.box.right
            assert node.box.y < text.box.y
            assert text.box.bottom < node.box.bottom
    for edge in drawn.edges:
        assert not [node.node.id for node in drawn.nodes if crossed(edge, node.box)]
        labels = [each.label.box for each in drawn.edges if each.label]
        assert not [box for box in labels if crossed(edge, box, border=0)]
        assert all(0 < x < drawn.width and 0 < y < drawn.height for x, y in edge.points)
    assert all(box.x > 0 and box.right < drawn.width and box.bottom < drawn.height for box in every_box(drawn))


@pytest.mark.parametrize("seed", range(40))
def test_edges_that_pass_by_each_other_have_lanes_of_their_own(seed: int) -> None:
    for kind in (EdgeKind.SKIP, EdgeKind.FAILURE):
        lanes = [each.points for each in drawing(at_random(seed)).edges if each.edge.kind is kind]
        for one, other in combinations(lanes, 2):
            apart = one[2][1] < other[1][1] or other[2][1] < one[1][1]
            assert one[1][0] != other[1][0] or apart


@pytest.mark.parametrize("seed", range(12))
def test_mermaid_is_made_of_nodes_and_edges_between_them(seed: int) -> None:
    drawn = at_random(seed)
    first, *lines = mermaid(drawn).splitlines()
    assert first == "flowchart TD"
    nodes = [line for line in lines if NODE.fullmatch(line)]
    edges = [found for line in lines if (found := EDGE.fullmatch(line))]
    assert len(nodes) == len(drawn.nodes)
    assert len(edges) == len(drawn.edges)
    assert len(nodes) + len(edges) == len(lines), "nothing else: no step is destructive"
    ids = {line.split("[")[0].split("(")[0].split("{")[0].strip() for line in nodes}
    assert "end" not in ids, "a word of Mermaid's own"
    assert {name for edge in edges for name in (edge[1], edge[3])} <= ids


HOSTILE = 'a"] --> b\\n%%{init: {}}%% <script>x</script> & ``` #quot; \\u202e end'


def test_text_of_others_is_no_markup() -> None:
    written = steps(LOOK, top=CAUSE).replace("{en: step 1}", f"{{en: {_quoted(HOSTILE)}}}")
    drawn = runbook_chart(resolve(tree(written)).runbooks[0], "en")
    (node,) = [line for line in mermaid(drawn).splitlines() if line.startswith("  n1[")]
    found = NODE.fullmatch(node)
    assert found
    assert TEXT.fullmatch(next(filter(None, found.groups())))
    image = ET.fromstring(svg(drawn))
    names = {element.tag.rpartition("}")[2] for element in image.iter()}
    assert names <= {"svg", "title", "style", "defs", "marker", "path", "rect", "polygon", "text"}
    assert "<script>" in "".join(image.itertext())


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def test_a_chart_shows_every_step_where_it_leads_and_what_is_destroyed() -> None:
    drawn = chart(
        LOOK + ", on_failure: goto, goto: step-3",
        "script: 'rm -r /srv/oa', destructive: true, when: {cause: disk}",
        "runbook: {name: fix}",
        top=CAUSE,
        language="zh-CN",
    )
    assert [node.title for node in drawn.nodes] == ["开始", "step-1", "cause 为“disk”", "step-2", "step-3", "完成"]
    ways = {(edge.start, edge.end, edge.kind) for edge in drawn.edges}
    assert ("n1", "n3", EdgeKind.FAILURE) in ways
    assert ("d2", "n2", EdgeKind.NEXT) in ways
    assert ("d2", "n3", EdgeKind.SKIP) in ways
    assert "class n2 destructive" in mermaid(drawn)
