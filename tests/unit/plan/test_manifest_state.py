"""A host's manifest, judged: what is wrong with it, what is used in its place, and whether work may go on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opspact.plan.change import Action, Change
from opspact.plan.live_comparison import with_manifest
from opspact.plan.manifest import Entry, Manifest, dropped, new_entries, to_text
from opspact.plan.manifest_state import HostManifest, ManifestFile, ManifestState, host_manifest, with_others
from opspact.plan.plan import HostPlan
from opspact.steps.account import Account
from opspact.steps.check import Reach
from opspact.steps.package import Package
from opspact.structs import replace

PATH = "/var/lib/opspact/manifests/office.json"
LI, NGINX, SUDO = Account(name="li-na", home="/home/li-na"), Package(name="nginx"), Package(name="sudo")
RECORDED = Manifest((Entry(LI, made=True),))
GOOD = Manifest((Entry(NGINX, made=True), Entry(SUDO, made=False)))
DAMAGED = [b"", b"{", b"\xff\xfe", b"null", b"[]", b'{"schema": "opspact/manifest", "version": null}', b"\x00" * 300]


@pytest.mark.parametrize("recorded", [None, RECORDED])
def test_a_manifest_that_can_be_read_is_used_whatever_the_ledger_records(recorded: Manifest | None) -> None:
    assert host_manifest(PATH, ManifestFile(to_text(GOOD).encode()), recorded) == HostManifest(GOOD)


def test_where_none_was_ever_written_none_is_missing() -> None:
    assert host_manifest(PATH, ManifestFile(), None) == HostManifest(is_there=False, adopts=True)


def test_one_that_the_ledger_records_is_missing_and_what_the_ledger_records_is_used() -> None:
    found = host_manifest(PATH, ManifestFile(), RECORDED)
    assert (found.state, found.manifest) == (ManifestState.MISSING, RECORDED)
    assert (found.is_there, found.adopts) == (False, False)
    assert (PATH in found.detail, "records 1 item" in found.detail) == (True, True)


@pytest.mark.parametrize("data", DAMAGED)
def test_a_damaged_one_is_a_finding_and_never_used(data: bytes) -> None:
    known, unknown = host_manifest(PATH, ManifestFile(data), RECORDED), host_manifest(PATH, ManifestFile(data), None)
    assert (known.state, known.manifest, known.adopts) == (ManifestState.DAMAGED, RECORDED, False)
    assert (unknown.state, unknown.manifest, unknown.adopts) == (ManifestState.DAMAGED, Manifest(), True)
    assert known.detail != unknown.detail
    assert all(f"{PATH}.damaged" in found.detail for found in (known, unknown))


@given(st.binary(max_size=300), st.sampled_from([None, RECORDED]))
def test_whatever_is_there_is_judged(data: bytes, recorded: Manifest | None) -> None:
    manifest = host_manifest(PATH, ManifestFile(data), recorded)
    assert (manifest.state is ManifestState.OK) is not bool(manifest.detail)


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (ManifestFile(b'{"schema": "opspact/manifest", "version": 2, "steps": 5}'), "newer opspact"),
        (
            ManifestFile(unreadable=f"app1: {PATH} cannot be read: Is a directory"),
            "Is a directory; opspact does not change this host",
        ),
    ],
)
def test_one_that_must_not_be_overwritten_blocks_its_host(found: ManifestFile, words: str) -> None:
    manifest = host_manifest(PATH, found, RECORDED)
    assert (manifest.state, manifest.manifest, words in manifest.detail) == (ManifestState.BLOCKED, Manifest(), True)


def test_another_machine_under_the_name_is_a_finding_and_is_set_up_again() -> None:
    manifest = host_manifest(PATH, ManifestFile(), None, is_rebuilt=True)
    assert (manifest.state, manifest.adopts, manifest.stops_work) == (ManifestState.REBUILT, True, False)
    assert "rebuilt" in manifest.detail
    assert host_manifest(PATH, ManifestFile(), RECORDED, is_rebuilt=True).state is ManifestState.MISSING


PLAN = HostPlan("app1", (Change(Action.ADD, NGINX),))


def test_a_plan_says_what_is_wrong_with_the_manifest_and_does_nothing_where_it_blocks_the_host() -> None:
    missing, held = (
        host_manifest(PATH, ManifestFile(), RECORDED),
        HostManifest(state=ManifestState.BLOCKED, detail="of a newer opspact"),
    )
    assert with_manifest(PLAN, HostManifest()) == PLAN
    assert with_manifest(PLAN, missing) == replace(PLAN, manifest=missing.detail)
    assert with_manifest(PLAN, held) == HostPlan("app1", manifest="of a newer opspact")
    assert not with_manifest(HostPlan("app1"), missing).is_empty
    assert with_manifest(replace(PLAN, reach=Reach.DOWN), held).reach is Reach.DOWN


def test_what_is_new_in_a_manifest_is_what_opspact_creates() -> None:
    after = Manifest((Entry(LI, made=True), Entry(NGINX, made=True), Entry(SUDO, made=False)))
    assert new_entries(Manifest(), after) == (Entry(LI, made=True), Entry(NGINX, made=True))
    assert new_entries(GOOD, after) == (Entry(LI, made=True),)
    assert new_entries(after, after) == ()


def test_a_step_that_says_something_new_is_a_new_entry() -> None:
    moved = Manifest((Entry(replace(LI, home="/srv/li-na"), made=True),))
    assert new_entries(RECORDED, moved) == moved.entries
    assert dropped(RECORDED, moved) == ()


def test_what_a_manifest_does_not_list_any_more_is_dropped() -> None:
    assert dropped(GOOD, Manifest((Entry(SUDO, made=False),))) == ("package nginx",)


TREE, PROCPS = Package(name="tree"), Package(name="procps")


def test_what_another_contract_made_is_a_finding_that_names_the_remedy() -> None:
    others = {"old": Manifest((Entry(TREE, made=True), Entry(PROCPS, made=False)))}
    manifest = with_others(host_manifest(PATH, ManifestFile(), None), others, [TREE.identity, PROCPS.identity])
    assert (manifest.state, manifest.claimed) == (ManifestState.CLAIMED, {"package tree": "old"})
    assert manifest.detail.startswith("package tree: ")
    assert "`formerly: old`" in manifest.detail


def test_what_others_made_and_nobody_wants_here_is_no_finding() -> None:
    others = {"old": Manifest((Entry(TREE, made=True),))}
    manifest = with_others(host_manifest(PATH, ManifestFile(), None), others, [PROCPS.identity])
    assert (manifest.state, manifest.detail) == (ManifestState.OK, "")
