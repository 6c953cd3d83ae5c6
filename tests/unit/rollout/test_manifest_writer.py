"""What the ledger records of hosts' manifests gives the same manifests back, for the same machine only."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from all_steps import EXAMPLES
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ledgers import context

from opspact.errors import Refused
from opspact.ledger.apply_events import ApplyFinished, ApplyStarted, ManifestChange, ManifestChanges
from opspact.ledger.codec import to_data
from opspact.ledger.store import Ledger, open_ledger
from opspact.plan.manifest import Entry, Manifest, dropped, merged, new_entries, without
from opspact.rollout.manifest_writer import (
    ManifestUpdate,
    ManifestUpdates,
    adopted,
    manifest_changes,
    recorded_manifests,
    replaced_machines,
)
from opspact.steps.base import Step
from opspact.steps.package import Package

MADE = tuple(Entry(step, made=True) for step in EXAMPLES if step.tasks())
NGINX, VIM = (Entry(Package(name=name), made=True) for name in ("nginx", "vim"))


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "ledger.sqlite3") as opened:
        yield opened


def started(changes: ManifestChanges) -> ApplyStarted:
    return ApplyStarted({}, manifests=changes)


def finished(changes: ManifestChanges) -> ApplyFinished:
    return ApplyFinished({}, is_converged=True, manifests=changes)


def record(
    ledger: Ledger,
    changes: ManifestChanges,
    *,
    event: Callable[[ManifestChanges], ApplyStarted | ApplyFinished] = started,
    contract: str = "office",
) -> None:
    ledger.record(event(changes), context=context(contract=contract))


def changes_of(**hosts: ManifestUpdate) -> ManifestChanges:
    return manifest_changes(ManifestUpdates(hosts))


def test_a_ledger_without_events_and_no_ledger_know_nothing(ledger: Ledger) -> None:
    assert recorded_manifests(ledger, "office", {"app1": "m1"}) == {}
    assert recorded_manifests(None, "office", {"app1": "m1"}) == {}


def test_every_kind_of_step_reads_back_from_the_ledger(ledger: Ledger) -> None:
    record(ledger, changes_of(app1=ManifestUpdate("m1", MADE)))
    assert recorded_manifests(ledger, "office", {"app1": "m1"}) == {"app1": Manifest(MADE)}


def test_hosts_share_what_is_the_same_in_an_event(ledger: Ledger) -> None:
    changes = changes_of(app1=ManifestUpdate("m1", (NGINX,)), app2=ManifestUpdate("m2", (VIM, NGINX)))
    assert len(changes.steps) == 2
    record(ledger, changes)
    known = recorded_manifests(ledger, "office", {"app1": "m1", "app2": "m2", "db1": "m3"})
    assert known == {"app1": Manifest((NGINX,)), "app2": Manifest((VIM, NGINX))}


def test_a_host_that_the_ledger_knows_as_other_machines_alone_was_rebuilt(ledger: Ledger) -> None:
    record(ledger, changes_of(app1=ManifestUpdate("m1", (NGINX,)), app2=ManifestUpdate("", (VIM,))))
    assert replaced_machines(ledger, "office", {"app1": "m9", "app2": "m2", "db1": "m3"}) == {"app1"}
    assert replaced_machines(ledger, "office", {"app1": "m1"}) == frozenset()
    assert replaced_machines(ledger, "office", {"app1": ""}) == frozenset()  # it does not say which machine it is
    assert replaced_machines(None, "office", {"app1": "m9"}) == frozenset()
    record(ledger, changes_of(app1=ManifestUpdate("m9", (NGINX,))))
    assert replaced_machines(ledger, "office", {"app1": "m9"}) == frozenset()


def test_what_is_gone_is_forgotten_in_the_order_of_the_events(ledger: Ledger) -> None:
    record(ledger, changes_of(app1=ManifestUpdate("m1", (NGINX, VIM))))
    record(ledger, changes_of(app1=ManifestUpdate("m1", gone=("package vim",))), event=finished)
    assert recorded_manifests(ledger, "office", {"app1": "m1"}) == {"app1": Manifest((NGINX,))}
    record(ledger, changes_of(app1=ManifestUpdate("m1", (VIM,))))
    record(ledger, changes_of(app1=ManifestUpdate("m1", gone=("package nginx",))), event=finished)
    assert recorded_manifests(ledger, "office", {"app1": "m1"}) == {"app1": Manifest((VIM,))}


def test_another_machine_under_the_same_name_and_another_contract_are_not_meant(ledger: Ledger) -> None:
    record(ledger, changes_of(app1=ManifestUpdate("m1", (NGINX,))))
    record(ledger, changes_of(app1=ManifestUpdate("m1", (VIM,))), contract="other")
    assert recorded_manifests(ledger, "office", {"app1": "m2"}) == {}
    assert recorded_manifests(ledger, "office", {"app1": "m1"}) == {"app1": Manifest((NGINX,))}


def test_a_manifest_that_adopted_all_is_recorded_and_created_nothing(ledger: Ledger) -> None:
    record(ledger, changes_of(app1=ManifestUpdate("m1")), event=finished)
    assert recorded_manifests(ledger, "office", {"app1": "m1"}) == {"app1": Manifest()}


def test_a_step_that_this_opspact_cannot_read_is_refused_not_passed_over(ledger: Ledger) -> None:
    record(ledger, ManifestChanges({"app1": ManifestChange("m1", (0,))}, ({"kind": "volume", "name": "x"},)))
    with pytest.raises(Refused, match="volume"):
        recorded_manifests(ledger, "office", {"app1": "m1"})


def test_an_apply_without_changes_of_manifests_adds_nothing_to_its_event() -> None:
    assert to_data(changes_of()) == {}


def test_a_change_that_names_a_step_which_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="a step that does not exist"):
        ManifestChanges({"app1": ManifestChange("m1", (1,))}, ({"kind": "package", "name": "x"},))


FEW: tuple[Step, ...] = tuple(Package(name=name) for name in ("a", "b", "c"))
acts = st.lists(st.tuples(st.sets(st.sampled_from(FEW)), st.sets(st.sampled_from(FEW)), st.booleans()), max_size=5)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts)
def test_whatever_was_applied_the_ledger_knows_what_the_note_says_was_new_entries(
    tmp_path_factory: pytest.TempPathFactory, history: list[tuple[set[Step], set[Step], bool]]
) -> None:
    """Each act: the steps wanted, those that the host had before, and whether what left could be removed."""
    manifest = Manifest()
    with open_ledger(tmp_path_factory.mktemp("ledger") / "ledger.sqlite3") as ledger:
        for wanted, present, gone in history:
            first = merged(manifest, sorted(wanted, key=lambda step: step.order), {step.identity for step in present})
            record(ledger, changes_of(app1=ManifestUpdate("m", new_entries(manifest, first), dropped(manifest, first))))
            leaving = {entry.step.identity for entry in first.entries} - {step.identity for step in wanted}
            manifest = without(first, leaving if gone else ())
            record(
                ledger,
                changes_of(app1=ManifestUpdate("m", new_entries(first, manifest), dropped(first, manifest))),
                event=finished,
            )
        known = recorded_manifests(ledger, "office", {"app1": "m"}).get("app1", Manifest())
    assert set(known.entries) == {entry for entry in manifest.entries if entry.made}


def test_what_counts_as_existing_before_for_want_of_a_record_is_reported_once() -> None:
    some = {
        "app1": ManifestUpdate("m1", adopted=2),
        "app2": ManifestUpdate("m2"),
        "app3": ManifestUpdate("m3", adopted=1),
    }
    (line,) = adopted(ManifestUpdates(some))
    assert line.startswith("3 items on 2 hosts ")
    assert adopted(ManifestUpdates({"app2": ManifestUpdate("m2")})) == ()
