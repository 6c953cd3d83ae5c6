"""Flow charts of runbooks, byte for byte. A new case is a new runbook in `charts/`; `OPSPACT_ACCEPT=1` writes them."""

import os
from pathlib import Path

import pytest
from building import backup, tree

from opspact.report.runbook_chart import Chart, mermaid, runbook_chart
from opspact.report.runbook_chart_svg import svg
from opspact.resolve.contract import resolve

CASES = Path(__file__).parent / "charts"
APPROVAL = "kind: approval\nname: lead\nneeds: {role: customer}\nfor: [destructive]\n"
ACCEPT = os.environ.get("OPSPACT_ACCEPT") == "1"


def chart(case: str, language: str) -> Chart:
    text = (CASES / f"{case}.yaml").read_text(encoding="utf-8")
    return runbook_chart(resolve(tree(text, APPROVAL, backup("daily"))).runbooks[0], language)


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("case", sorted(path.stem for path in CASES.glob("*.yaml")))
def test_a_runbook_is_drawn_exactly_like_this(case: str, language: str) -> None:
    drawn = chart(case, language)
    for ending, text in (("mmd", mermaid(drawn)), ("svg", svg(drawn))):
        expected = CASES / f"{case}.{language}.{ending}"
        if ACCEPT:
            expected.write_text(text, encoding="utf-8")
        assert expected.read_text(encoding="utf-8") == text
