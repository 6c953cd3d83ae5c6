"""What may be asked for: hosts, inputs, answers."""

import pytest
from running_runbooks import HEAD, contract_of

from opspact.errors import Refused
from opspact.ledger.context import KNOWN_SECRETS
from opspact.model.contract import Contract
from opspact.runbook.request import answer_problem, checked_inputs, chosen_targets, find_runbook

TEXT = HEAD.format(name="try") + (
    "inputs:\n"
    "  word: {text: {en: a word}, pattern: '[a-z]+', default: ok}\n"
    "  size: {text: {en: how much}, choice: [small, large]}\n"
    "  other: {text: {en: which host}, host: db}\n"
    "  password: {text: {en: the password}, secret: 'secret:env:PW'}\n"
    "steps: [{name: a, text: {en: a}, command: [a, '{{ word }}']}]\n"
)


@pytest.fixture(scope="module")
def contract() -> Contract:
    return contract_of(TEXT)


def inputs(contract: Contract, **given: str) -> dict[str, str]:
    return checked_inputs(find_runbook(contract, "try"), given, KNOWN_SECRETS)


def test_defaults_and_references_are_among_the_inputs(contract: Contract) -> None:
    assert inputs(contract, size="small", other="db1") == {
        "word": "ok",
        "size": "small",
        "other": "db1",
        "password": "secret:env:PW",
    }


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "size is missing"),
        ({"size": "medium"}, "expected one of small, large"),
        ({"size": "small", "other": "app1"}, "other: expected one of db1"),
        ({"word": "no; rm -rf /"}, "expected text that matches"),
        ({"word": "ok\n"}, "expected text that matches"),
        ({"password": "Canary"}, "never given"),
        ({"words": "x"}, 'did you mean "word"'),
    ],
)
def test_everything_that_is_wrong_is_said_at_once(contract: Contract, given: dict[str, str], why: str) -> None:
    with pytest.raises(Refused) as refused:
        inputs(contract, **given)
    assert why in str(refused.value)
    assert "Canary" not in str(refused.value)


def test_a_secret_in_the_open_is_refused() -> None:
    text = TEXT.replace("'[a-z]+'", "'.*'")
    with pytest.raises(Refused, match="looks like a secret"):
        inputs(contract_of(text), word="password=Canary-1234", size="small", other="db1")


def test_hosts_are_those_of_the_runbook(contract: Contract) -> None:
    runbook = find_runbook(contract, "try")
    assert chosen_targets(runbook, ["app1", "app2", "app1"]) == ("app1", "app2")
    with pytest.raises(Refused, match="may not be run for db1"):
        chosen_targets(runbook, ["db1"])
    with pytest.raises(Refused, match="for which host"):
        chosen_targets(runbook, [])


def test_no_more_hosts_at_once_than_the_limit() -> None:
    runbook = find_runbook(contract_of(TEXT.replace("max_targets: 2", "max_targets: 1")), "try")
    with pytest.raises(Refused, match="1 at once, got 2"):
        chosen_targets(runbook, ["app1", "app2"])


def test_one_host_need_not_be_named() -> None:
    runbook = find_runbook(contract_of(TEXT.replace("hosts: web", "hosts: app1")), "try")
    assert chosen_targets(runbook, []) == ("app1",)


def test_a_name_that_is_nearly_right_is_shown(contract: Contract) -> None:
    with pytest.raises(Refused) as refused:
        find_runbook(contract, "tri")
    assert refused.value.hint == 'did you mean "try"?'


@pytest.mark.parametrize(("pattern", "choice", "value"), [("[0-9]+", (), "1\n2"), ("", ("a",), "b"), ("", (), "\0")])
def test_an_answer_has_to_fit(pattern: str, choice: tuple[str, ...], value: str) -> None:
    assert answer_problem(pattern, choice, value)
    assert not answer_problem("[0-9]+", (), "12")
