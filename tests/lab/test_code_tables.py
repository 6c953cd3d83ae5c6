"""Code tables on PostgreSQL of both releases: drift is shown, one apply heals it, and what is refused changes nothing.

The tests go in the order written.
"""

import json
from collections.abc import Iterator

import pytest
from contracts import Contract, Said, small, without_reasons
from labkit import Lab

pytestmark = pytest.mark.lab

HOSTS = ("app1", "db1")
STEP = "table-rows oa/fee"
POLICIES = """\
kind: code_table
name: fees
database: {postgresql: oa, on: db}
table: fee
key: code
rows:
  - {code: A1, label: "{{ 1 + 1 }} 复印费 'x' \\\\", amount: "0.50", since: "2026-01-01", retired: false}
  - {code: B, label: 装订, amount: "12.5", since: null, retired: true}
  - {code: C, label: " 其他 ", amount: 3, since: "2026-02-28", retired: false}
extra_rows: remove
"""
TABLE = """\
CREATE TABLE fee (code char(4) PRIMARY KEY, label text NOT NULL, amount numeric(6,2), since date, retired boolean);
ALTER TABLE fee OWNER TO oa;
CREATE TABLE paid (id integer PRIMARY KEY, code char(4) NOT NULL REFERENCES fee);
"""
WANTED = [
    ["A1  ", "{{ 1 + 1 }} 复印费 'x' \\", 0.50, "2026-01-01", False],
    ["B   ", "装订", 12.50, None, True],
    ["C   ", " 其他 ", 3.00, "2026-02-28", False],
]
CHANGED = """\
UPDATE fee SET amount = 0.49 WHERE code = 'A1';
UPDATE fee SET since = '2026-02-28', label = '装订 ' WHERE code = 'B';
DELETE FROM fee WHERE code = 'C';
INSERT INTO fee VALUES ('Z', '手工', 1, NULL, false);
"""
DIFFERENCES = (
    'row "C" is missing (label " 其他 ", amount "3.00", since "2026-02-28", retired "false"); '
    'row "A1": amount is "0.49", expected "0.50"; '
    'row "B": label is "装订 ", expected "装订", since is "2026-02-28", expected null; '
    'row "Z" is not listed (label "手工", amount "1.00", since null, retired "false")'
)


def sql(lab: Lab, host: str, statements: str) -> str:
    done = lab.root(host, f"runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d oa <<'END'\n{statements}\nEND\n")
    assert done.rc == 0, done
    return done.out


def rows(lab: Lab, host: str) -> list[list[object]]:
    query = "SELECT json_build_array(code, label, amount, since, retired) FROM fee ORDER BY code"
    return [json.loads(line) for line in sql(lab, host, query).splitlines()]


@pytest.fixture(scope="module")
def contract(two_databases: Lab) -> Iterator[Contract]:
    for host in HOSTS:
        sql(two_databases, host, TABLE)
    with small(two_databases, "codes", POLICIES) as made:
        yield made


def changes(planned: Said, host: str) -> list[tuple[str, str, str]]:
    """Return what a plan does on a host: the action, the step and why."""
    of_host = planned.of_host(host)
    return [
        (action, change["step"], change["why"])
        for action in ("add", "change", "remove", "release", "dependent", "manual", "deferred")
        for change in of_host[action]
    ]


def test_the_first_apply_writes_every_value_exactly(two_databases: Lab, contract: Contract) -> None:
    planned = contract.good("plan", "--live", "--format", "json")
    for host in HOSTS:
        ((action, step, why),) = changes(planned, host)
        assert (action, step) == ("change", STEP)
        assert why.startswith('row "A1" is missing (label "{{ 1 + 1 }} 复印费')
        assert planned.of_host(host)["adopted"] == [STEP]
    contract.good("apply", "--yes")
    for host in HOSTS:
        assert rows(two_databases, host) == WANTED
    contract.good("verify")
    again = contract.good("apply", "--yes", "--format", "json").json
    assert (again["converged"], again["ansible_started"]) == (True, False)


def test_a_row_changed_deleted_or_added_by_hand_is_drift_and_one_apply_heals_it(
    two_databases: Lab, contract: Contract
) -> None:
    for host in HOSTS:
        sql(two_databases, host, CHANGED)
    planned = contract.good("plan", "--live", "--format", "json")
    for host in HOSTS:
        assert changes(planned, host) == [("change", STEP, DIFFERENCES)]
    assert f"~ {STEP}: {DIFFERENCES}" in without_reasons(contract.good("plan", "--live").out)
    assert contract.run("verify").code == 1
    contract.good("apply", "--yes")
    for host in HOSTS:
        assert rows(two_databases, host) == WANTED
    contract.good("verify")


def test_an_apply_that_meets_a_foreign_key_changes_nothing_and_says_so(two_databases: Lab, contract: Contract) -> None:
    for host in HOSTS:
        sql(two_databases, host, f"{CHANGED}INSERT INTO paid VALUES (1, 'Z');")
    before = {host: rows(two_databases, host) for host in HOSTS}
    refused = contract.run("apply", "--yes", "--format", "json")
    assert refused.code == 3
    for host in HOSTS:
        assert rows(two_databases, host) == before[host]
        assert 'Key (code)=(Z   ) is still referenced from table "paid"' in refused.of_host(host)["why"]
    for host in HOSTS:
        sql(two_databases, host, "DELETE FROM paid")
    contract.good("apply", "--yes")
    for host in HOSTS:
        assert rows(two_databases, host) == WANTED


def test_rows_stay_when_their_policy_goes(two_databases: Lab, contract: Contract) -> None:
    contract.change("policies/all.yaml", "extra_rows: remove", "extra_rows: report")
    contract.commit()
    sql(two_databases, "db1", "INSERT INTO fee VALUES ('Z', '手工', 1, NULL, false)")
    reported = contract.run("apply", "--yes", "--format", "json")
    assert (reported.code, reported.of_host("app1")["converged"]) == (3, True)
    ((action, _, why),) = changes(contract.good("plan", "--live", "--format", "json"), "db1")
    assert (action, why.startswith('row "Z" is not listed')) == ("manual", True)
    contract.write("policies/all.yaml", "")
    contract.commit()
    contract.good("apply", "--yes")
    assert [row[0] for row in rows(two_databases, "db1")] == ["A1  ", "B   ", "C   ", "Z   "]
