"""`opspact ledger sign` and `verify --against`: from a recorded event to a proof that needs nobody's word."""

import json
import subprocess
from pathlib import Path

import pytest
from calling import Call, Contract
from cryptography.hazmat.primitives.serialization import load_ssh_public_key
from securesystemslib.dsse import Envelope
from securesystemslib.signer import SSlibKey
from signing import make_key, public_line

from opspact.fleet.ssh_signature import fingerprint

PERSON = """\
---
kind: person
name: li-na
text: {zh: 李娜, en: Li Na}
teams: [operators]
from: 2020-01-01
signing_keys: [{key: %s}]
"""


@pytest.fixture(autouse=True)
def key(contract: Contract, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = make_key(tmp_path)
    policies = contract.folder / "policies/contract.yaml"
    contract.write("policies/contract.yaml", policies.read_text(encoding="utf-8") + PERSON % public_line(made))
    monkeypatch.setenv("OPSPACT_SIGNING_KEY", str(made))
    return made


def test_a_head_is_signed_and_proves_the_ledger(opspact: Call, tmp_path: Path) -> None:
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "bare"], check=True)
    places = [f"file:{tmp_path}/heads", f"git:{tmp_path}/bare#heads", f"host:here:{tmp_path}/on-host"]
    opspact("verify")

    signed = opspact("ledger", "sign", *(word for place in places for word in ("--to", place)), "--format", "json")

    assert signed.code == 0
    assert [each["place"] for each in json.loads(signed.out)["places"]] == places
    for place in places:
        opspact("verify")
        proved = opspact("ledger", "verify", "--against", place, "--format", "json")
        told = json.loads(proved.out)
        assert (proved.code, told["proved"], [each["signer"] for each in told["signed_heads"]]) == (0, 2, ["li-na"])
    assert "signed by li-na" in opspact("ledger", "verify", "--against", places[0]).out
    again = opspact("ledger", "sign", "--to", places[0])
    assert (again.code, again.out.split(":")[0]) == (0, "signed")
    assert opspact("ledger", "sign", "--to", places[0]).out.startswith("already signed")


def test_a_rewritten_ledger_is_found(contract: Contract, opspact: Call, tmp_path: Path) -> None:
    place = f"file:{tmp_path}/heads"
    opspact("verify")
    opspact("ledger", "sign", "--to", place)
    for file in (contract.folder / ".opspact").glob("ledger*"):
        file.unlink()
    opspact("verify")
    opspact("verify")
    assert opspact("ledger", "verify").code == 0, "it holds by itself"

    said = opspact("ledger", "verify", "--against", place)

    assert said.code == 1
    assert "event 2 does not match the head that li-na signed" in said.err

    for file in (contract.folder / ".opspact").glob("ledger*"):
        file.unlink()
    gone = opspact("ledger", "verify", "--against", place)
    assert (gone.code, "there is no ledger, but there are heads of it" in gone.err) == (1, True)
    assert opspact("ledger", "verify", "--against", place, "--other-contract", "tiny").code == 4


def test_an_auditor_needs_an_export_the_heads_and_the_keys(
    opspact: Call, key: Path, *, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, export, signers = f"file:{tmp_path}/heads", tmp_path / "export", tmp_path / "signers"
    opspact("verify")
    opspact("ledger", "sign", "--to", place)
    export.write_text(opspact("ledger", "export").out, encoding="utf-8")
    signers.write_text(f"li-na {public_line(key)}\n")
    monkeypatch.chdir(tmp_path)

    given = ("ledger", "verify", str(export), "--against", place, "--signers")
    assert opspact(*given, str(signers)).code == 0
    signers.write_text(f"li-na {public_line(make_key(tmp_path, 'other'))}\n")
    assert opspact(*given, str(signers)).code == 1
    export.write_text(export.read_text(encoding="utf-8").replace("here", "elsewhere", 1), encoding="utf-8")
    assert opspact("ledger", "verify", str(export)).code == 1


def test_a_place_without_heads_proves_nothing_and_one_out_of_reach_is_refused(opspact: Call, tmp_path: Path) -> None:
    opspact("verify")
    assert opspact("ledger", "verify", "--against", f"file:{tmp_path}/heads").code == 4
    assert opspact("ledger", "verify", "--against", f"file:{tmp_path}/absent/heads").code == 2
    assert opspact("ledger", "verify", "--against", f"host:nowhere:{tmp_path}/heads").code == 2
    assert opspact("ledger", "verify", "--signers", f"{tmp_path}/x").code == 2


def test_a_place_that_is_missing_is_said_after_the_others_have_the_head(opspact: Call, tmp_path: Path) -> None:
    opspact("verify")
    said = opspact("ledger", "sign", "--to", f"file:{tmp_path}/absent/heads", "--to", f"file:{tmp_path}/heads")
    assert said.code == 3
    assert len((tmp_path / "heads").read_text().splitlines()) == 1
    assert "no such directory" in said.out
    again = opspact("ledger", "sign", "--to", f"file:{tmp_path}/absent/heads", "--format", "json")
    assert (again.code, bool(json.loads(again.out)["places"][0]["failure"])) == (3, True)


def test_there_is_nothing_to_sign_in_an_empty_ledger_nor_without_a_key(
    opspact: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = f"file:{tmp_path}/heads"
    assert opspact("ledger", "sign", "--to", place).code == 4
    opspact("verify")
    monkeypatch.setenv("OPSPACT_SIGNING_KEY", str(tmp_path / "absent"))
    assert opspact("ledger", "sign", "--to", place).code == 2
    assert not (tmp_path / "heads").exists()


def test_ssh_keygen_itself_verifies_a_line(opspact: Call, key: Path, tmp_path: Path) -> None:
    opspact("verify")
    opspact("ledger", "sign", "--to", f"file:{tmp_path}/heads")
    line = json.loads((tmp_path / "heads").read_text(encoding="utf-8"))
    (tmp_path / "signature").write_text(line["signature"])
    (tmp_path / "signers").write_text(f"li-na {public_line(key)}\n")
    command = ["ssh-keygen", "-Y", "verify", "-n", "opspact-ledger", "-I", "li-na"]
    files = ["-f", str(tmp_path / "signers"), "-s", str(tmp_path / "signature")]
    done = subprocess.run([*command, *files], input=line["statement"].encode(), check=True, capture_output=True)
    assert b"Good" in done.stdout


def test_what_was_applied_is_attested_for_other_programs(contract: Contract, opspact: Call, key: Path) -> None:
    assert opspact("ledger", "attest").code == 4
    assert opspact("apply", "--yes").code == 0

    said = opspact("ledger", "attest")

    public = load_ssh_public_key(public_line(key).encode())
    envelope = Envelope.from_dict(json.loads(said.out))
    envelope.verify([SSlibKey.from_crypto(public, keyid=fingerprint(public_line(key)))], threshold=1)
    whole = json.loads(envelope.payload)
    assert (said.code, whole["predicate"]["result"], whole["predicate"]["contract"]) == (0, "passed", "tiny")

    contract.kept.write_text("changed by hand\n")
    opspact("verify")
    period = opspact("ledger", "attest", "--from", "2020-01-01T00:00")
    told = json.loads(Envelope.from_dict(json.loads(period.out)).payload)["predicate"]
    assert (period.code, told["result"], len(told["verified"])) == (0, "failed", 2)
    assert opspact("ledger", "attest", "--run", "none").code == 4
    assert opspact("ledger", "attest", "--run", "x", "--from", "2020-01-01T00:00").code == 2
    assert opspact("ledger", "attest", "--to", "2020-01-01T00:00").code == 2


def heads_at(contract: Contract, *places: str) -> None:
    policies = (contract.folder / "policies/contract.yaml").read_text(encoding="utf-8")
    contract.write(
        "policies/contract.yaml",
        policies.replace("language: zh-CN\n", f"language: zh-CN\nledger_heads: {list(places)}\n"),
    )


def test_each_command_that_records_something_keeps_a_signed_head_and_a_rewritten_ledger_is_found(
    contract: Contract, opspact: Call, tmp_path: Path
) -> None:
    subprocess.run(["git", "init", "--quiet", "--bare", tmp_path / "bare"], check=True)
    places = [f"file:{tmp_path}/heads", f"git:{tmp_path}/bare#heads", f"host:here:{tmp_path}/on-host"]
    heads_at(contract, *places)

    assert opspact("apply", "--yes").code == 0
    assert opspact("verify").code == 0

    for place in places:
        proved = opspact("ledger", "verify", "--against", place, "--format", "json")
        told = json.loads(proved.out)
        assert (proved.code, len(told["signed_heads"])) == (0, 2)
        assert told["proved"] == int(told["head"].partition(":")[0])
    assert len((tmp_path / "heads").read_text().splitlines()) == 2, "what reads the ledger signs nothing"

    for file in (contract.folder / ".opspact").glob("ledger*"):
        file.unlink()
    opspact("verify")
    rewritten = opspact("ledger", "verify", "--against", places[1])
    assert (rewritten.code, rewritten.err.count("missing at the end: the head that li-na signed")) == (1, 2)


def test_a_head_that_cannot_be_signed_or_kept_is_said_and_the_result_stays(
    contract: Contract, opspact: Call, *, key: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heads_at(contract, f"file:{tmp_path}/absent/heads", f"file:{tmp_path}/heads")
    said = opspact("apply", "--yes", "--format", "json")
    assert (said.code, json.loads(said.out)["converged"]) == (0, True)
    assert "the head of the ledger is not kept: " in said.err
    assert len((tmp_path / "heads").read_text().splitlines()) == 1

    for wrong, why in (
        (make_key(tmp_path, "eve"), "is nobody's signing key"),
        (tmp_path / "none", "is not a key file"),
    ):
        monkeypatch.setenv("OPSPACT_SIGNING_KEY", str(wrong))
        contract.kept.write_text("by hand\n")
        failed = opspact("verify")
        assert (failed.code, "failed" in failed.out) == (1, True)
        assert "the head of the ledger is not signed: " in failed.err
        assert why in failed.err
    assert len((tmp_path / "heads").read_text().splitlines()) == 1, "nothing that proves nothing is kept"

    monkeypatch.delenv("OPSPACT_SIGNING_KEY")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    assert "none of your SSH keys is a signing key" in opspact("verify").err
    (tmp_path / "home/.ssh").mkdir(parents=True)
    for file in (key, key.with_name(f"{key.name}.pub")):
        (tmp_path / "home/.ssh" / file.name).write_text(file.read_text())
        (tmp_path / "home/.ssh" / file.name).chmod(0o600)
    opspact("verify")
    assert len((tmp_path / "heads").read_text().splitlines()) == 2, "the own key that the contract knows signs"


@pytest.mark.parametrize(
    "place", ["heads", "file:heads", "git:heads", "git:--upload-pack=x", "git:ext::sh", "host:here:heads", "s3://x"]
)
def test_a_place_that_is_none_is_refused_by_check(contract: Contract, opspact: Call, place: str) -> None:
    heads_at(contract, place)
    said = opspact("check")
    assert (said.code, "expected file:/PATH, git:REPOSITORY#BRANCH or host:NAME:/PATH" in said.out + said.err) == (
        2,
        True,
    )


def test_a_place_on_a_host_that_is_not_there_is_refused_by_check(contract: Contract, opspact: Call) -> None:
    heads_at(contract, "host:nowhere:/srv/heads")
    said = opspact("check")
    assert (said.code, 'unknown host "nowhere"' in said.out + said.err) == (2, True)
