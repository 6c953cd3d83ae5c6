"""`opspact adopt` refuses what is wrong before any host is asked."""

import pytest
from calling import Call, Contract


@pytest.mark.parametrize(
    "arguments",
    [("nowhere",), ("here", "--clause", "Z9"), ("here", "--owner", "nobody")],
    ids=["hosts", "clause", "owner"],
)
def test_names_that_the_contract_does_not_have_are_refused(
    opspact: Call, contract: Contract, arguments: tuple[str, ...]
) -> None:
    before = sorted(contract.folder.rglob("*"))
    said = opspact("adopt", *arguments)
    assert (said.code, arguments[-1] in said.err) == (2, True)
    assert [path for path in sorted(contract.folder.rglob("*")) if ".opspact" not in path.parts] == before
