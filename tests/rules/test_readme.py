"""What the READMEs show as opspact's words about the reference contract are its words."""

import re
from datetime import date
from pathlib import Path

import pytest
from story import a_night_off

from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.cli.commands import COMMANDS
from opspact.errors import Refused
from opspact.report.findings_text import findings_lines
from opspact.report.lines import plain
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree

TOP = Path(__file__).parents[2]

readmes = pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])


def shown(name: str) -> str:
    """Return a README's text, lines that were broken joined."""
    return re.sub(r"\s+", " ", (TOP / name).read_text(encoding="utf-8"))


@readmes
def test_the_misspelt_key_is_refused_at_the_place_that_is_shown(name: str) -> None:
    tree = read_tree(TOP)
    path = "policies/services.yaml"
    tree[path] = tree[path].replace(b"within: 2s", b"whithin: 2s", 1)
    with pytest.raises(Refused) as refused:
        resolve(tree)
    (problem,) = refused.value.problems
    assert f"{problem.place}: {problem.where}: {problem.message} [{problem.code}]" in shown(name)
    assert f"{problem.place.line} | {problem.source.strip()}" in shown(name).replace("|   -", "| -")
    assert problem.hint in shown(name)


@readmes
def test_the_night_off_is_found_in_the_words_that_are_shown(name: str) -> None:
    contract = resolve({**read_tree(TOP), "policies/leave.yaml": a_night_off(date(2026, 6, 14)).encode()})
    said = plain(findings_lines(analyse(RuleContext(contract, date(2026, 6, 1)))))
    lines = [" ".join(line.split()) for line in said.splitlines()]
    wanted = [line for line in lines if re.match(r"policies/|hint: |also breaks|error OP", line)]
    assert len(wanted) == 8
    assert [line for line in wanted if line not in shown(name)] == []


@readmes
def test_every_command_is_in_the_table(name: str) -> None:
    rows = re.findall(r"^\| `opspact (plan [a-z]+|\w+)", (TOP / name).read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(rows) == sorted(COMMANDS)
