"""Every folder under `refused/` is a contract that is refused, with exactly the words of its `expected.txt`.

A new case is a new folder. `OPSPACT_ACCEPT=1` writes the words down as they are now. What no file can hold well (five
megabytes) is made here, in `MADE`.
"""

import os
import re
from pathlib import Path

import pytest
from narrow import unfit

from opspact.errors import ExitCode, Refused
from opspact.report.line_breaks import wrapped
from opspact.report.refusal import refusal_lines
from opspact.schema.contract_files import read_tree
from opspact.schema.kinds import KINDS
from opspact.schema.read import read_policies

REFUSED = Path(__file__).parent / "refused"
ACCEPT = os.environ.get("OPSPACT_ACCEPT") == "1"
CONTRACT = (REFUSED / "unknown-keys" / "policies" / "contract.yaml").read_bytes()
UNEXPECTED = (
    *("web.YAML", "web.Yml", "web.ymal", "web.json", "web.yaml.disabled", "web.yaml.orig", "web", "oa.conf.j2"),
    *(".web.yaml", ".draft/web.yml", ".web.JSON"),
)
MADE: dict[str, dict[str, bytes]] = {
    "deep-nesting": {
        "policies/contract.yaml": CONTRACT,
        "policies/deep.yaml": b"kind: team\nname: deep\nduties: " + b"[" * 100_000,
        "policies/deep-blocks.yaml": b"".join(b" " * level + b"a:\n" for level in range(200)),
    },
    "five-megabytes": {
        "policies/contract.yaml": CONTRACT,
        "policies/large.yaml": b"# nothing but comments\n" * 228_000,
    },
    "many-problems": {
        "policies/contract.yaml": CONTRACT,
        "policies/many.yaml": b"kind: team\nname: works\n" + b"".join(b"k%d: 1\n" % number for number in range(5000)),
    },
    "unexpected-files": {
        "policies/contract.yaml": CONTRACT,
        **dict.fromkeys((f"policies/{name}" for name in UNEXPECTED), b""),
    },
    "not-utf8": {
        "policies/contract.yaml": CONTRACT,
        "policies/latin1.yaml": "kind: team\nname: büro\n".encode("latin-1"),
        "policies/gbk.yaml": "kind: team\nname: office\ntext: {zh: 示例}\n".encode("gbk"),
        "policies/utf16.yaml": "kind: team\n".encode("utf-16"),
    },
}


def cases() -> list[str]:
    return sorted({folder.name for folder in REFUSED.iterdir() if folder.is_dir()} | set(MADE))


def reported(refusal: Refused) -> str:
    lines = [refusal.args[0]]
    for problem in refusal.problems:
        lines.append(f"{problem.code} {problem}")
        if problem.source:
            lines.append(f"      | {problem.source}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("case", cases())
def test_the_contract_is_refused_in_exactly_these_words(case: str) -> None:
    tree = MADE[case] if case in MADE else read_tree(REFUSED / case)
    with pytest.raises(Refused) as refused:
        read_policies(tree)
    words = reported(refused.value)
    expected = REFUSED / case / "expected.txt"
    if ACCEPT:
        expected.parent.mkdir(exist_ok=True)
        expected.write_text(words, encoding="utf-8")
    assert expected.read_text(encoding="utf-8") == words
    assert refused.value.exit_code == ExitCode.REFUSED
    lines = list(refusal_lines(refused.value, width=44))
    assert [wrong for one in lines[:200] if (wrong := unfit(wrapped([one], 44), one.text, 44))] == []


def kinds_refused(case: str) -> set[str]:
    """The kinds of the documents of a case in which something is told."""
    found = set()
    for file, number in re.findall(
        r"(?m)^OP[0-9]{3} ([^:]+):([0-9]+)", (REFUSED / case / "expected.txt").read_text("utf-8")
    ):
        path = REFUSED / case / file
        lines = path.read_text("utf-8", errors="replace").splitlines() if path.exists() else []
        first = max((index for index, line in enumerate(lines[: int(number)]) if line == "---"), default=0)
        found |= {line.removeprefix("kind: ") for line in lines[first : int(number)] if line.startswith("kind: ")}
    return found


def test_something_is_refused_in_a_document_of_each_kind() -> None:
    assert set(KINDS) <= {kind for case in cases() for kind in kinds_refused(case)}
