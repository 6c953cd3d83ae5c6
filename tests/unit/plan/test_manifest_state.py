"""A host's note, judged: what is wrong with it, what is believed in its place, and whether work may go on."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opspact.plan.change import Action, Change
from opspact.plan.live_comparison import with_note
from opspact.plan.manifest import Entry, Manifest, brought, dropped, to_text
from opspact.plan.manifest_state import Found, Note, NoteState, claimed_by_others, note_of
from opspact.plan.plan import HostPlan
from opspact.steps.account import Account
from opspact.steps.check import Reach
from opspact.steps.package import Package

PATH = "/var/lib/opspact/manifests/office.json"
LI, NGINX, SUDO = Account(name="li-na", home="/home/li-na"), Package(name="nginx"), Package(name="sudo")
PAST = Manifest((Entry(LI, made=True),))
GOOD = Manifest((Entry(NGINX, made=True), Entry(SUDO, made=False)))
DAMAGED = [b"", b"{", b"\xff\xfe", b"null", b"[]", b'{"schema": "opspact/manifest", "version": null}', b"\x00" * 300]


@pytest.mark.parametrize("past", [None, PAST])
def test_a_note_that_can_be_read_is_believed_whatever_the_ledger_says(past: Manifest | None) -> None:
    assert note_of(PATH, Found(to_text(GOOD).encode()), past) == Note(GOOD)


def test_where_none_was_ever_written_none_is_missing() -> None:
    assert note_of(PATH, Found(), None) == Note(is_there=False, adopts=True)


def test_one_that_the_ledger_knows_is_missing_and_what_the_ledger_says_is_believed() -> None:
    note = note_of(PATH, Found(), PAST)
    assert (note.state, note.manifest, note.is_there, note.adopts) == (NoteState.MISSING, PAST, False, False)
    assert note.detail == (
        f"{PATH} is missing, though an earlier apply wrote it; `opspact apply` writes it anew from the ledger, "
        "which knows of 1 thing that opspact brought here"
    )


@pytest.mark.parametrize("data", DAMAGED)
def test_a_damaged_one_is_a_finding_and_never_believed(data: bytes) -> None:
    known, unknown = note_of(PATH, Found(data), PAST), note_of(PATH, Found(data), None)
    assert (known.state, known.manifest, known.adopts) == (NoteState.DAMAGED, PAST, False)
    assert (unknown.state, unknown.manifest, unknown.adopts) == (NoteState.DAMAGED, Manifest(), True)
    assert "writes it anew from the ledger" in known.detail
    assert "this ledger knows of no earlier apply here" in unknown.detail
    assert all(f"keeps what is there now as {PATH}.damaged" in note.detail for note in (known, unknown))


@given(st.binary(max_size=300), st.sampled_from([None, PAST]))
def test_whatever_lies_there_is_judged(data: bytes, past: Manifest | None) -> None:
    note = note_of(PATH, Found(data), past)
    assert (note.state is NoteState.IN_ORDER) is not bool(note.detail)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (Found(b'{"schema": "opspact/manifest", "version": 2, "steps": 5}'), "take that opspact"),
        (Found(unreadable=f"app1: {PATH} cannot be read: Is a directory"), "Is a directory; nothing is done here"),
    ],
)
def test_one_that_must_not_be_written_over_holds_its_host(found: Found, words: str) -> None:
    note = note_of(PATH, found, PAST)
    assert (note.state, note.manifest, words in note.detail) == (NoteState.HELD, Manifest(), True)


PLAN = HostPlan("app1", (Change(Action.ADD, NGINX),))


def test_a_plan_says_what_is_wrong_with_the_note_and_does_nothing_where_it_holds_the_host() -> None:
    missing, held = note_of(PATH, Found(), PAST), Note(state=NoteState.HELD, detail="of a newer opspact")
    assert with_note(PLAN, Note()) == PLAN
    assert with_note(PLAN, missing) == replace(PLAN, note=missing.detail)
    assert with_note(PLAN, held) == HostPlan("app1", note="of a newer opspact")
    assert not with_note(HostPlan("app1"), missing).is_empty
    assert with_note(replace(PLAN, reach=Reach.DOWN), held).reach is Reach.DOWN


def test_what_a_note_says_anew_is_what_opspact_brings() -> None:
    after = Manifest((Entry(LI, made=True), Entry(NGINX, made=True), Entry(SUDO, made=False)))
    assert brought(Manifest(), after) == (Entry(LI, made=True), Entry(NGINX, made=True))
    assert brought(GOOD, after) == (Entry(LI, made=True),)
    assert brought(after, after) == ()


def test_a_step_that_says_something_new_is_told_again() -> None:
    moved = Manifest((Entry(replace(LI, home="/srv/li-na"), made=True),))
    assert brought(PAST, moved) == moved.entries
    assert dropped(PAST, moved) == ()


def test_what_a_note_holds_no_more_is_dropped() -> None:
    assert dropped(GOOD, Manifest((Entry(SUDO, made=False),))) == ("package nginx",)


def test_what_another_contract_made_is_a_finding_that_names_the_way_out() -> None:
    tree, procps = Package(name="tree"), Package(name="procps")
    found = Found(others={"old": Manifest((Entry(tree, made=True), Entry(procps, made=False)))})
    note = claimed_by_others(note_of(PATH, found, None), found, [tree.identity, procps.identity])
    assert (note.state, note.claimed) == (NoteState.CLAIMED, {"package tree": "old"})
    assert "package tree: made by opspact for the contract old" in note.detail
    assert "write `formerly: old` in it" in note.detail


def test_what_others_made_and_nobody_wants_here_is_no_finding() -> None:
    found = Found(others={"old": Manifest((Entry(Package(name="tree"), made=True),))})
    assert claimed_by_others(note_of(PATH, found, None), found, ["package procps"]) == note_of(PATH, found, None)
