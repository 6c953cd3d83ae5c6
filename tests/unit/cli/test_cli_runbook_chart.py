"""`opspact runbook chart`: a flow chart of the file, and nothing else."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from calling import Call

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def reference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def test_the_chart_is_mermaid_in_the_language_of_the_contract_or_another(opspact: Call) -> None:
    written = opspact("runbook", "chart", "restore-database")
    assert (written.code, written.err, written.out.splitlines()[0]) == (0, "", "flowchart TD")
    assert "开始" in written.out
    assert "开始" not in opspact("runbook", "chart", "restore-database", "--language", "en").out


def test_the_chart_is_an_image_of_well_formed_xml(opspact: Call) -> None:
    written = opspact("runbook", "chart", "restore-database", "--format", "svg")
    assert ET.fromstring(written.out).tag.endswith("svg")
    assert written.out == opspact("runbook", "chart", "restore-database", "--format", "svg").out


def test_another_name_is_refused_with_the_nearest_one(opspact: Call) -> None:
    refused = opspact("runbook", "chart", "restore-databse")
    assert (refused.code, refused.out) == (2, "")
    assert "restore-database" in refused.err
