"""`opspact rebuild`, as far as no host is needed: what it refuses, and that nothing is recorded then."""

import pytest
from calling import Call, Contract


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["her", "--yes"], 2, 'no host "her"'),
        (["here"], 2, "no terminal"),
        (["here", "--yes"], 4, "no copy of here that counts is known"),
        (["here", "--yes", "--resume"], 4, "no rebuild of here is unfinished"),
    ],
)
def test_what_cannot_be_done_is_refused(
    contract: Contract, opspact: Call, *, arguments: list[str], code: int, words: str
) -> None:
    said = opspact("rebuild", *arguments)
    assert (said.code, said.out) == (code, "")
    assert words in said.err
    assert "run.started" not in opspact("ledger", "show").out
    assert not list(contract.folder.glob("**/rebuilding"))
