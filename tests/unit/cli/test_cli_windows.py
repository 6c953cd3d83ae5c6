"""Windows at work: `apply` does nothing outside of them, `plan` says so beforehand."""

import json
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from calling import Call, Contract

BLACKOUT = """\
kind: window
name: holidays
type: blackout
hosts: here
when: {{days: {first}..{last}}}
"""


def today() -> date:
    return datetime.now(ZoneInfo("Asia/Shanghai")).date()


def blackout(contract: Contract, **more: str) -> datetime:
    """Have a blackout from yesterday until the day after tomorrow; return when it ends."""
    last = today() + timedelta(days=2)
    fields = "".join(f"{name}: {value}\n" for name, value in more.items())
    text = BLACKOUT.format(first=today() - timedelta(days=1), last=last)
    contract.write("policies/window.yaml", text + fields)
    return datetime(last.year, last.month, last.day, tzinfo=ZoneInfo("Asia/Shanghai")) + timedelta(days=1)


def test_apply_is_refused_in_a_blackout_with_the_next_time(contract: Contract, opspact: Call) -> None:
    end = blackout(contract)
    said = opspact("apply", "--yes")
    assert said.code == 2
    assert "here: blackout holidays until" in said.err
    assert end.isoformat(timespec="minutes") in said.err
    assert not contract.kept.exists()
    assert opspact("verify").code == 1, "checking goes on"


def test_plan_says_which_hosts_are_closed_and_until_when(contract: Contract, opspact: Call) -> None:
    end = blackout(contract)
    for live in ((), ("--live",)):
        (closed,) = json.loads(opspact("plan", *live, "--format", "json").out)["windows"]
        assert closed == {
            "hosts": ["here"],
            "windows": ["holidays"],
            "reason": "blackout",
            "until": f"{end.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
            "opens": f"{end.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
        }
        assert "no changes now on here: blackout holidays" in opspact("plan", *live).out
    blackout(contract, allows="[apply, backup]")
    assert "windows" not in json.loads(opspact("plan", "--format", "json").out)


def test_where_nothing_differs_no_window_is_needed(contract: Contract, opspact: Call) -> None:
    blackout(contract, allows="[apply]")
    assert opspact("apply", "--yes").code == 0
    blackout(contract)
    assert opspact("apply", "--yes").code == 0, "only the manifest notes the commit"
    contract.kept.write_text("by hand\n")
    assert opspact("apply", "--yes").code == 2
    assert contract.kept.read_text() == "by hand\n"


def test_a_change_cannot_lift_the_blackout_that_forbids_it(contract: Contract, opspact: Call) -> None:
    contract.git("init", "--quiet")

    def commit() -> None:
        contract.git("add", ".")
        contract.git("commit", "--quiet", "--message", "next")

    blackout(contract, allows="[apply]")
    commit()
    assert opspact("apply", "--yes").code == 0
    blackout(contract)
    commit()
    assert opspact("apply", "--yes").code == 0, "the blackout is in force from here on"
    (contract.folder / "policies/window.yaml").unlink()
    contract.write("files/note", "other\n")
    commit()
    assert opspact("apply", "--yes").code == 2
    assert "here: blackout holidays" in opspact("apply", "--yes").err
    assert "no changes now on here" in opspact("plan").out
