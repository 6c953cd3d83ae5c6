"""The runbooks of the reference contract do what their tests say, and every step of each is carried out in one."""

from pathlib import Path

import pytest

from opspact.model.contract import Contract
from opspact.resolve.contract import resolve
from opspact.runbook.case_run import CaseResult, run_cases, uncovered_steps
from opspact.schema.contract_files import read_tree


@pytest.fixture(scope="module")
def reference() -> Contract:
    return resolve(read_tree(Path(__file__).parents[3]))


@pytest.fixture(scope="module")
def results(reference: Contract) -> tuple[CaseResult, ...]:
    return tuple(run_cases(reference, reference.runbook_tests))


def test_every_case_passes(results: tuple[CaseResult, ...]) -> None:
    assert {f"{each.test}.{each.case}": each.problems for each in results if not each.is_passed} == {}


def test_every_runbook_has_a_test_and_every_step_a_case(reference: Contract, results: tuple[CaseResult, ...]) -> None:
    tested = {each.runbook for each in results}
    assert {each.name for each in reference.runbooks if not each.rehearsal_only} == tested
    assert tested >= {each.runbook for each in reference.emergencies}
    assert uncovered_steps(reference, results) == {}


def test_each_emergency_s_runbook_is_tried_with_a_fault(reference: Contract) -> None:
    with_faults = {test.runbook for test in reference.runbook_tests for case in test.cases if case.faults}
    assert with_faults >= {each.runbook for each in reference.emergencies}
