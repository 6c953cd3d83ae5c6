"""The reference contract, changed at random: it gives findings or a refusal, and never anything else.

`ci/soak` makes ten thousand changes; `ci/test` a hundred. A failure names its seed, which gives the same change.
"""

import re
from datetime import date
from pathlib import Path
from random import Random

import pytest
from effort import EFFORT

from opspact.analyse.consequences import group_findings
from opspact.analyse.rule import RuleContext
from opspact.analyse.run import analyse
from opspact.errors import Refused
from opspact.model.contract import Contract
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree

pytestmark = pytest.mark.slow

TOP = Path(__file__).parents[3]
TREE = read_tree(TOP)
POLICIES = sorted(path for path in TREE if path.endswith(".yaml") and path.startswith(("policies/", "runbooks/")))
DAYS = (date(2025, 12, 1), date(2026, 1, 1), date(2026, 3, 2), date(2026, 12, 31), date(2027, 2, 1))
A_BLOCK = 20
BLOCKS = 6 if EFFORT == 1 else 500


@pytest.fixture(scope="module")
def reference() -> Contract:
    return resolve(TREE)


def documents(text: str) -> list[str]:
    return re.split(r"(?m)^---\s*$", text)


def mutated(random: Random) -> dict[str, bytes]:
    """Return the reference contract's files with one to three changes."""
    tree = dict(TREE)
    for _ in range(random.randint(1, 3)):
        path = random.choice(POLICIES)
        change = random.choice((without_document, without_line, twice, other_number, other_word, other_day, swapped))
        tree[path] = change(tree[path].decode(), random).encode()
    return tree


def without_document(text: str, random: Random) -> str:
    parts = documents(text)
    del parts[random.randrange(len(parts))]
    return "---".join(parts)


def without_line(text: str, random: Random) -> str:
    lines = text.splitlines(keepends=True)
    if not lines:
        return text
    del lines[random.randrange(len(lines)) : random.randrange(len(lines)) + 1]
    return "".join(lines)


def twice(text: str, random: Random) -> str:
    parts = documents(text)
    copied = re.sub(r"(?m)^name: (\S+)", rf"name: \1-{random.randrange(100)}", random.choice(parts))
    return "---\n".join([*parts, copied])


def replaced(text: str, pattern: str, random: Random, *, by: str) -> str:
    found = list(re.finditer(pattern, text))
    if not found:
        return text
    one = random.choice(found)
    return text[: one.start()] + by + text[one.end() :]


def other_number(text: str, random: Random) -> str:
    by = random.choice(("0", "1", "2", "7", "23", "31", "60", "100", "1000", "99999999999", "-1", "1.5"))
    return replaced(text, r"(?<=[ :\[{-])\d+(?=[ ,\]}hmsd%\n])", random, by=by)


def other_day(text: str, random: Random) -> str:
    by = random.choice(
        ("2025-12-31", "2026-01-01", "2026-02-17", "2026-06-30", "2026-12-31", "2027-01-01", "2030-02-30")
    )
    return replaced(text, r"\d{4}-\d{2}-\d{2}", random, by=by)


def other_word(text: str, random: Random) -> str:
    """Put one value of the file in the place of another one."""
    values = re.findall(r"(?m)(?<=: )[\w@/:. -]+(?=[,}\n])", text) or ["x"]
    return replaced(text, r"(?m)(?<=: )[\w@/:. -]+(?=[,}\n])", random, by=random.choice(values))


def swapped(text: str, random: Random) -> str:
    lines = text.splitlines(keepends=True)
    if not lines:
        return text
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    lines[one], lines[other] = lines[other], lines[one]
    return "".join(lines)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_random_changes_give_findings_or_a_refusal(block: int, reference: Contract) -> None:
    for seed in range(block * A_BLOCK, (block + 1) * A_BLOCK):
        random = Random(seed)
        tree, day = mutated(random), random.choice(DAYS)
        try:
            contract = resolve(tree)
        except Refused:
            continue
        found = analyse(RuleContext(contract, day, before=reference))
        assert all(finding.message and finding.place.file for finding in found), seed
        groups = group_findings(found)
        assert {each.id for group in groups for each in (group.root, *group.consequences)} == {
            each.id for each in found
        }
        known = {finding.key for finding in found}
        assert all(known.issuperset(finding.caused_by) for finding in found), seed
