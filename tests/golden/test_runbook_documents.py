"""The documents of a runbook and of its runs: exactly those in `documents/`, a folder for each case.

`OPSPACT_ACCEPT=1` writes them down as they are now.
"""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from runbook_transcripts import CASES, recorded_run, transcript_of

from opspact.report.lines import plain
from opspact.report.page import Page
from opspact.report.page_html import page_html
from opspact.report.page_markdown import page_markdown
from opspact.report.page_text import page_lines
from opspact.report.runbook_page import runbook_page
from opspact.report.runbook_transcript import transcript_page
from opspact.report.transcript_json import transcript_json

FOLDER = Path(__file__).parent / "documents"
LANGUAGES = ("zh-CN", "en")
FORMS: Mapping[str, Callable[[Page], str]] = {
    "txt": lambda page: plain(page_lines(page)),
    "md": page_markdown,
    "html": page_html,
}


def pages(folder: Path, case: str) -> dict[str, str]:
    """Return every document of a case, by its file's name."""
    kind = "waiting" if case == "unknown-text" else case
    with recorded_run(folder, "done" if case == "runbook" else kind) as (ledger, contract):
        if case == "runbook":
            written = {each: runbook_page(contract.runbooks[0], contract, each) for each in LANGUAGES}
            data = {}
        else:
            found = transcript_of(ledger, contract, is_same=case != "unknown-text")
            written = {each: transcript_page(found, contract, each) for each in LANGUAGES}
            data = {"transcript.json": transcript_json(found)}
    return {**data, **{f"{name}.{form}": FORMS[form](page) for name, page in written.items() for form in FORMS}}


@pytest.mark.parametrize("case", [*CASES, "unknown-text", "runbook"])
def test_a_document_says_exactly_this(case: str, tmp_path: Path) -> None:
    found = pages(tmp_path, case)
    folder = FOLDER / case
    if os.environ.get("OPSPACT_ACCEPT"):
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in found.items():
            (folder / name).write_text(text, encoding="utf-8")
    assert {file.name: file.read_text(encoding="utf-8") for file in folder.iterdir()} == found
