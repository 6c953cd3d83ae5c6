"""Instants of overrides and rosters at a clock change: what no clock shows is refused, with the change and the zone."""

import pytest
from building import CONTRACT, tree

from opspact.errors import Problem, Refused
from opspact.resolve.contract import resolve

BERLIN = CONTRACT.replace("Asia/Shanghai", "Europe/Berlin")
PEOPLE = "".join(
    f"---\nkind: person\nname: {name}\ntext: {{en: {name}}}\nteams: [operations]\nfrom: 2026-01-01\n"
    for name in ("li", "wang")
)


def roster(since: str = "2026-01-05") -> str:
    rotation = f"{{people: [li, wang], handover: weekly on monday at 09:00, since: {since}}}"
    return (
        f"---\nkind: roster\nname: hotline\nhours: {{calendar: always}}\nrotation: [{rotation}]\n"
        "requires: {teams: [operations]}\n"
    )


def problems(start: str, end: str, since: str = "2026-01-05") -> list[Problem]:
    override = (
        f"---\nkind: override\nname: swap\nroster: hotline\nfrom: {start}\nto: {end}\naway: li\ninstead: wang\n"
        "reason: a visit\n"
    )
    written = tree(PEOPLE + roster(since) + override) | {"policies/contract.yaml": BERLIN.encode()}
    try:
        resolve(written)
    except Refused as refused:
        return list(refused.problems)
    return []


@pytest.mark.parametrize(
    ("start", "end", "where"),
    [
        ("2026-03-29T02:30", "2026-03-29T09:00", "from"),
        ("2026-03-28T18:00", "2026-03-29T02:59", "to"),
        ("2026-03-29T02:00", "2026-03-29T03:00", "to"),
        ("2026-03-29T02:00", "2026-03-29T02:45", "to"),
    ],
)
def test_a_time_that_clocks_skip_is_refused_with_the_change_and_the_zone(start: str, end: str, where: str) -> None:
    (problem,) = problems(start, end)
    assert (problem.code, problem.where) == ("OP120", where)
    assert "Europe/Berlin" in problem.message
    assert "2026-03-29" in problem.message


@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("2026-03-29T02:00", "2026-03-29T09:00"),  # the moment at which clocks are set
        ("2026-03-29T02:30+01:00", "2026-03-29T09:00"),
        ("2026-10-25T02:30", "2026-10-25T09:00"),  # twice: the first one
        ("2026-03-29T01:59", "2026-03-29T03:00"),
    ],
)
def test_other_times_of_that_night_are_fine(start: str, end: str) -> None:
    assert problems(start, end) == []


def test_the_hint_is_the_time_that_clocks_show_then() -> None:
    (problem,) = problems("2026-03-29T02:30", "2026-03-29T09:00")
    assert "2026-03-29T03:30" in problem.hint


def test_a_rotation_does_not_begin_at_a_time_that_clocks_skip() -> None:
    (problem,) = problems("2026-04-29T02:30", "2026-04-29T09:00", since="2026-03-29T02:30")
    assert (problem.code, problem.where) == ("OP120", "rotation[0].since")
