"""Code tables as steps: every value as PostgreSQL reads it, on each host that has the database."""

import pytest
from building import compiled, tree, work

from opspact.errors import Refused
from opspact.report.differences import difference, fields_that_differ
from opspact.steps.content import Content
from opspact.steps.table_rows import TableRows
from opspact.structs import replace

FEES = """\
kind: code_table
name: fees
clauses: [C3]
database: {postgresql: oa, on: db}
table: public.fee
key: code
rows:
  - {code: "01", label: 复印, amount: "0.50", sort: 3, retired: false, since: null}
  - {code: "02", label: " x ", amount: "1", sort: -1, retired: true, since: "2026-01-01"}
extra_rows: remove
"""
ROWS = '["01", "复印", "0.50", "3", "false", null]\n["02", " x ", "1", "-1", "true", "2026-01-01"]\n'
STEP = TableRows(
    database="oa",
    table="fee",
    key=("code",),
    columns=("code", "label", "amount", "sort", "retired", "since"),
    content=Content.of(ROWS),
    removes=True,
    zone="Asia/Shanghai",
)


def test_a_table_is_a_step_of_each_host_that_has_the_database() -> None:
    found = work(tree(FEES.replace("clauses: [C3]\n", "")))
    assert {host: of_host.make for host, of_host in found.items() if of_host.make} == {"db1": (STEP,)}
    (step,) = found["db1"].make
    assert [str(origin) for origin in step.origins] == ["policies/p0.yaml:2 (code_table/fees)"]


def test_the_rows_are_a_file_of_the_project() -> None:
    project = compiled(tree(FEES.replace("clauses: [C3]\n", "")))
    assert project.files[f"files/{STEP.source}"].decode() == ROWS
    assert f"'{STEP.source}'" in project.files["site.yml"].decode()


def test_a_plan_between_commits_shows_the_rows_that_change() -> None:
    after = replace(STEP, content=Content.of(ROWS.replace("复印", "复制")))
    assert fields_that_differ(STEP, after) == "content differs"
    assert difference(STEP, after)[1:] == [
        '-["01", "复印", "0.50", "3", "false", null]',
        '+["01", "复制", "0.50", "3", "false", null]',
        ' ["02", " x ", "1", "-1", "true", "2026-01-01"]',
    ]


def test_a_table_that_is_too_large_for_one_of_codes_is_refused() -> None:
    rows = "".join(f"  - {{code: c{number}, label: {'字' * 60}}}\n" for number in range(1200))
    head, _, _ = FEES.replace("clauses: [C3]\n", "").partition("rows:")
    with pytest.raises(Refused) as caught:
        work(tree(f"{head}rows:\n{rows}"))
    (problem,) = caught.value.problems
    assert "a code table holds at most 200,000" in problem.message
