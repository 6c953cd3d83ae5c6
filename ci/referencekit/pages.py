"""All pages of the reference by path, and the writing of them.

Comes in: nothing. Goes out: files below docs/reference. Called by `ci/reference` and by the test that they are current.
"""

import shutil
from collections.abc import Iterator

from opspact.report.json_schema import schema_files
from referencekit.codes import codes_page
from referencekit.commands import commands_page
from referencekit.kinds import ROOT, every_kind, kind_page, summary
from referencekit.words import cell

FOLDER = ROOT / "docs" / "reference"


def pages() -> dict[str, str]:
    """Return the text of every file of the reference, by its path below docs/reference."""
    return {
        "README.md": "\n".join(_index()) + "\n",
        "codes.md": codes_page(),
        "commands.md": commands_page(),
        **{f"kinds/{kind}.md": kind_page(kind) for kind in every_kind()},
        **{f"schema/{name}": text for name, text in schema_files().items()},
    }


def write() -> None:
    """Make docs/reference hold these pages and nothing else."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    for path, text in pages().items():
        target = FOLDER / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def _index() -> Iterator[str]:
    yield "# Reference"
    yield ""
    yield "Written by `ci/reference` from the code; not to be edited. The guide is [policies](../policies.md)."
    yield ""
    yield "- [Commands](commands.md): every command and option, and the exit codes"
    yield "- [Codes](codes.md): everything that is refused or found"
    yield "- [Schemas](schema/): for editors; `opspact schema --out DIR` writes them into your contract"
    yield ""
    yield "## Kinds of policies"
    yield ""
    yield "| kind | what it says |"
    yield "|---|---|"
    yield from (f"| [{kind}](kinds/{kind}.md) | {cell(summary(kind))} |" for kind in every_kind())
