"""A ledger that its owner rewrites whole is found by heads that were signed and kept elsewhere."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from ledgers import CONTRACT, context, lease
from signing import make_key, signer_of

from opspact.errors import LedgerBroken, NothingFound
from opspact.evidence.signed_heads import Proof, heads_at, keep_head, prove, sign_head
from opspact.fleet.head_place import HeadFile
from opspact.fleet.ssh_signature import Signer
from opspact.ledger import transfer
from opspact.ledger.chain import RecordedHead
from opspact.ledger.event import Head
from opspact.ledger.signed_head import HeadStatement
from opspact.ledger.store import open_ledger
from opspact.ledger.verify import Verified
from opspact.ledger.verify import verify as verify_ledger

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def filled(file: Path, count: int = 5, *, host: str = "app1", contract: str = CONTRACT) -> Head:
    """Record so many events, and return the head."""
    with open_ledger(file) as ledger:
        before = ledger.head().sequence
        for number in range(before + 1, before + count + 1):
            ledger.record(lease(host, number), context=context(contract=contract))
        return ledger.head()


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return make_key(tmp_path)


@pytest.fixture
def place(tmp_path: Path) -> HeadFile:
    return HeadFile(tmp_path / "heads")


def keep(place: HeadFile, head: Head, key: Path, *, at: datetime = NOW, contract: str = CONTRACT) -> bool:
    signed = sign_head(HeadStatement(at, "li-na", contract, head), key)
    (kept,) = keep_head(signed, [place])
    assert not kept.failure
    return kept.new


def proved(file: Path, place: HeadFile, *signers: Signer, others: tuple[str, ...] = ()) -> Proof:
    def verified(heads: Iterable[RecordedHead]) -> Verified:
        with open_ledger(file) as ledger:
            return verify_ledger(ledger, heads=heads)

    return prove([heads_at(place, signers)], verified, others=others)


def broken(file: Path, place: HeadFile, *signers: Signer) -> str:
    with pytest.raises(LedgerBroken) as caught:
        proved(file, place, *signers)
    assert caught.value.exit_code == 1
    (found,) = caught.value.breaks
    return found.message


def test_a_ledger_that_only_grew_is_proved_up_to_the_newest_head(tmp_path: Path, place: HeadFile, key: Path) -> None:
    ledger = tmp_path / "ledger.sqlite3"
    assert keep(place, filled(ledger), key)
    assert keep(place, filled(ledger), key, at=NOW + HOUR)
    assert not keep(place, filled(ledger, 0), key, at=NOW + 2 * HOUR)
    filled(ledger, 3)

    proof = proved(ledger, place, signer_of(key))

    assert (proof.proved, proof.holds.count) == (10, 13)
    assert [head.signed.person for head in proof.heads[str(place)]] == ["li-na", "li-na"]


def test_a_ledger_that_its_owner_rewrote_whole_is_found(tmp_path: Path, place: HeadFile, key: Path) -> None:
    keep(place, filled(tmp_path / "true.sqlite3"), key)
    filled(tmp_path / "false.sqlite3", 8, host="app2")
    with open_ledger(tmp_path / "false.sqlite3") as ledger:
        assert verify_ledger(ledger).count == 8, "it holds by itself"

    said = broken(tmp_path / "false.sqlite3", place, signer_of(key))

    assert said.startswith(f"event 5 does not match the head that li-na signed on 2026-11-23 (line 1 of {place})")


def test_a_ledger_that_was_cut_is_found(tmp_path: Path, place: HeadFile, key: Path) -> None:
    whole = tmp_path / "whole.sqlite3"
    keep(place, filled(whole), key)
    with open_ledger(whole) as ledger, open_ledger(tmp_path / "cut.sqlite3") as cut:
        transfer.import_lines(list(transfer.export(ledger))[:3], cut)
    with open_ledger(tmp_path / "empty.sqlite3"):
        pass

    assert broken(tmp_path / "cut.sqlite3", place, signer_of(key)).startswith("events 4 to 5 are missing at the end")
    assert broken(tmp_path / "empty.sqlite3", place, signer_of(key)).startswith("events 1 to 5 are missing")


def test_a_head_that_nobody_answers_for_proves_nothing_and_says_why(tmp_path: Path, place: HeadFile, key: Path) -> None:
    ledger, other = tmp_path / "ledger.sqlite3", make_key(tmp_path, "other")
    keep(place, filled(ledger), key)
    assert "is nobody's signing key" in broken(ledger, place, signer_of(other))
    assert "is not valid since 2026-11-23T12:00:00Z" in broken(ledger, place, signer_of(key, until=NOW))
    assert "is not valid before" in broken(ledger, place, signer_of(key, since=NOW + HOUR))
    assert proved(ledger, place, signer_of(key, until=NOW + HOUR)).proved == 5, "who left later did sign"


def test_a_line_that_was_changed_proves_nothing(tmp_path: Path, place: HeadFile, key: Path) -> None:
    ledger = tmp_path / "ledger.sqlite3"
    keep(place, filled(ledger), key)
    (line,) = place.lines()
    changes = {
        "is not for this content": line.replace("li-na", "li-nb"),
        "is not in its canonical form": line.replace('{\\"actor', '{ \\"actor'),
        "it is not JSON": line[:200],
        "it is not an SSH signature": line.replace("BEGIN SSH", "BEGIN PGP"),
    }
    for said, changed in changes.items():
        place.path.write_text(f"{changed}\n")
        assert said in broken(ledger, place, signer_of(key))


def test_who_signs_for_the_past_is_found(tmp_path: Path, place: HeadFile, key: Path) -> None:
    ledger, stolen = tmp_path / "ledger.sqlite3", make_key(tmp_path, "stolen")
    keep(place, filled(ledger), key)
    keep(place, filled(ledger), stolen, at=NOW - 24 * HOUR)

    said = broken(ledger, place, signer_of(key), signer_of(stolen, "wang-fang", until=NOW - HOUR))

    assert "line 2" in said
    assert "before the head above it" in said


def test_heads_of_contracts_that_the_ledger_does_not_know_are_a_break_unless_they_are_named(
    tmp_path: Path, place: HeadFile, key: Path
) -> None:
    ledger, other = tmp_path / "ledger.sqlite3", tmp_path / "other.sqlite3"
    keep(place, filled(other, 9, contract="other"), key, contract="other")
    filled(ledger)
    with pytest.raises(NothingFound):
        proved(ledger, place, signer_of(key), others=("other",))

    keep(place, filled(ledger, 0), key)

    assert "has 1 head of contract other, of which the ledger has no event" in broken(ledger, place, signer_of(key))
    assert proved(ledger, place, signer_of(key), others=("other",)).proved == 5
    assert proved(other, place, signer_of(key), others=("office-automation",)).proved == 9


def test_what_is_no_place_of_heads_of_this_ledger_proves_nothing(tmp_path: Path, place: HeadFile, key: Path) -> None:
    ledger = tmp_path / "ledger.sqlite3"
    filled(ledger)
    with pytest.raises(NothingFound):
        proved(ledger, place, signer_of(key))


def test_an_export_is_proved_without_a_ledger(tmp_path: Path, place: HeadFile, key: Path) -> None:
    ledger = tmp_path / "ledger.sqlite3"
    keep(place, filled(ledger), key)
    with open_ledger(ledger) as kept:
        lines = list(transfer.export(kept))

    def of(some: list[str]) -> Proof:
        return prove([heads_at(place, (signer_of(key),))], lambda heads: transfer.verify_lines(some, heads=heads))

    assert of(lines).proved == 5
    for damaged in (lines[:4], lines[1:], [*lines[:2], lines[2].replace("app1", "app2"), *lines[3:]]):
        with pytest.raises(LedgerBroken):
            of(damaged)


def test_one_place_less_stops_no_other(tmp_path: Path, place: HeadFile, key: Path) -> None:
    head = filled(tmp_path / "ledger.sqlite3")
    signed = sign_head(HeadStatement(NOW, "li-na", CONTRACT, head), key)
    unreachable = HeadFile(tmp_path / "not-mounted" / "heads")

    kept = list(keep_head(signed, [unreachable, place]))

    assert [(bool(each.failure), each.new) for each in kept] == [(True, False), (False, True)]
    assert "there is no such directory" in kept[0].failure
