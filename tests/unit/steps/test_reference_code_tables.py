"""The code tables of the reference contract fit the database that the lab's customer has, and one change converges."""

from datetime import date
from pathlib import Path

from labkit import customer
from table_server import DatabaseHost, changes, differences

from opspact.compile.build import build
from opspact.resolve.contract import resolve
from opspact.schema.contract_files import read_tree
from opspact.steps.table_rows import TableRows

ROOT = Path(__file__).parents[3]


def wanted() -> list[TableRows]:
    work = build(resolve(read_tree(ROOT)), day=date(2026, 3, 2))
    return [step for step in work["db1"].make if isinstance(step, TableRows)]


def test_the_first_apply_of_the_reference_contract_converges_the_customers_tables(host: DatabaseHost) -> None:
    assert host.psql("postgres", customer.SQL).rc == 0
    try:
        types, levels = wanted()
        assert differences(host, types) == []
        assert [it.partition(" (")[0] for it in differences(host, levels)] == [
            'row "extra-urgent" is missing',
            'row "urgent": days_to_answer is "5", expected "3"',
            'row "top" is not listed',
        ]
        assert (changes(host, types), changes(host, levels)) == (False, True)
        assert [differences(host, step) for step in (types, levels)] == [[], []]
    finally:
        dropped = host.psql("postgres", "DROP DATABASE oa;\nDROP ROLE oa;\n")
        assert (dropped.rc, dropped.stderr) == (0, "")
