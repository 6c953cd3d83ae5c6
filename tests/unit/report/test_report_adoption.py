"""An adoption, shown: equal things of hosts together, nothing that steers a terminal, all of it in JSON."""

import json

import pytest

from opspact.report.adoption import adoption_json, adoption_lines
from opspact.report.lines import plain
from opspact.rollout.adoption.adoption import Adoption
from opspact.rollout.adoption.host_state import FoundCronJob
from opspact.rollout.adoption.proposal import Document, NotAdopted
from opspact.structs import replace

JOB = FoundCronJob("/etc/cron.d/dump", 3, "root", "15 3 * * *", "/usr/local/bin/dump")
PATH = "policies/adopted/access.yaml"
ADOPTION = Adoption(
    policies={PATH: (Document("access", (), {"kind": "access", "name": "adopted-people-all", "hosts": "all"}),)},
    proposed={},
    files={PATH: b"..."},
    not_adopted=tuple(NotAdopted("account li.si", host, "because of \x1b[31mthat") for host in ("app1", "app2")),
    cron_jobs={"app1": (JOB,), "app2": (JOB,)},
    lost={"db1": "unreachable: no route"},
    findings=(),
    checked=12,
)
NOTHING = Adoption(policies={}, proposed={}, files={}, not_adopted=(), cron_jobs={}, lost={}, findings=(), checked=0)


def test_what_hosts_have_in_common_is_one_line() -> None:
    lines = plain(adoption_lines(ADOPTION, folder="/srv/contract")).splitlines()
    assert [line for line in lines if "app1" in line] == [
        "  /etc/cron.d/dump:3  15 3 * * * as root: /usr/local/bin/dump  app1, app2",
        "  account li.si  app1, app2: because of �[31mthat",
    ]
    assert lines[0] == f"/srv/contract/{PATH}  access/adopted-people-all"
    assert "  db1  unreachable: no route" in lines
    assert not ADOPTION.is_complete


@pytest.mark.parametrize(("files", "is_new"), [({}, False), ({"proposed/backups.yaml": b""}, True)])
def test_a_proposal_that_was_there_is_said_to_stay(files: dict[str, bytes], is_new: bool) -> None:
    backup = Document("backups", (), {"kind": "backup", "name": "daily-web", "hosts": "web"})
    adoption = replace(NOTHING, proposed={"proposed/backups.yaml": (backup,)}, files=files)
    (shown,) = [each.text for each in adoption_lines(adoption, folder=".") if "daily-web" in each.text]
    assert ("stays" not in shown) is is_new
    assert not adoption.is_complete


def test_nothing_to_adopt_is_said() -> None:
    assert plain(adoption_lines(NOTHING, folder=".")) == "nothing to adopt: no policy was written\n"
    assert NOTHING.is_complete


def test_many_things_are_cut_in_text_and_whole_in_json() -> None:
    many = tuple(NotAdopted(f"account a{number}", "app1", "why") for number in range(60))
    adoption = Adoption(
        policies={}, proposed={}, files={}, not_adopted=many, cron_jobs={}, lost={}, findings=(), checked=0
    )
    assert "and 10 more" in plain(adoption_lines(adoption, folder="."))
    assert len(json.loads(adoption_json(adoption))["not_adopted"]) == 60


def test_scripts_get_every_host_of_a_job() -> None:
    said = json.loads(adoption_json(ADOPTION))
    assert (said["schema"], said["files"], said["checked"]) == ("opspact/adopt", [PATH], 12)
    assert [(each["host"], each["path"], each["line"]) for each in said["to_move"]] == [
        ("app1", "/etc/cron.d/dump", 3),
        ("app2", "/etc/cron.d/dump", 3),
    ]
    assert said["policies"] == [{"kind": "access", "name": "adopted-people-all", "hosts": "all", "file": PATH}]
