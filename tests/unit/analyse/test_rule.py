"""What rules are given: the days that are looked at, and what is worked out once."""

from datetime import date

from building import tree

from opspact.analyse.rule import RuleContext
from opspact.resolve.contract import resolve
from opspact.structs import replace
from opspact.values.period import Period


def test_five_years_are_looked_at_and_no_more() -> None:
    contract = replace(resolve(tree()), period=Period(date(2026, 1, 1), date(2099, 12, 31)))
    start, end = RuleContext(contract, date(2026, 3, 2)).span
    assert start.date() == date(2026, 3, 2)
    assert end.year == 2031


def test_what_several_rules_need_is_worked_out_once() -> None:
    asked: list[RuleContext] = []

    def names(context: RuleContext) -> list[str]:
        asked.append(context)
        return list(context.contract.inventory.hosts)

    context = RuleContext(resolve(tree()), date(2026, 3, 2))
    assert context.once(names) is context.once(names)
    assert asked == [context]
