"""Problems of what is written, as findings: ids, and the first of those that name one missing thing as their cause."""

from opspact.errors import Place, Problem
from opspact.model.finding import from_problems


def problem(code: str, line: int, missing: str = "") -> Problem:
    return Problem(code, Place("policies/a.yaml", line, 1), "m", where="to.host", missing=missing)


def test_the_first_that_names_a_missing_thing_is_the_cause_of_the_others() -> None:
    found = from_problems(
        [
            problem("OP100", 1, "host backup1"),
            problem("OP022", 2),
            problem("OP103", 3, "host backup1"),
            problem("OP100", 4, "host backup2"),
            problem("OP022", 5),
            problem("OP100", 6, "host backup1"),
        ]
    )
    assert [finding.id for finding in found] == ["OP100#1", "OP022#1", "OP103#1", "OP100#2", "OP022#2", "OP100#3"]
    assert [[cause.id for cause in finding.caused_by] for finding in found] == [
        [],
        [],
        ["OP100#1"],
        [],
        [],
        ["OP100#1"],
    ]
    assert found[2].caused_by[0].place == Place("policies/a.yaml", 1, 1)
