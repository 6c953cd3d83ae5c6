"""What stands where the policies want something else: what apply may replace it mends, the rest it leaves to people.

Nothing is copied into it, nothing of it is deleted, and all other steps and hosts are carried on.
"""

from collections.abc import Iterator

import pytest
from contracts import Contract, small, without_reasons
from labkit import Lab

pytestmark = pytest.mark.lab

POLICIES = """\
kind: service
name: hand
hosts: app1:app2
owner: crew
directories:
  - {path: /srv/hand}
  - {path: /srv/hand-shared}
files:
  - {path: /srv/hand/below, source: files/note}
  - {path: /srv/hand-directory, source: files/note}
  - {path: /srv/hand-pipe, source: files/note}
  - {path: /srv/hand-leads, source: files/note}
  - {path: /srv/hand-linked, source: files/note}
  - {path: /srv/hand-drifted, source: files/note}
  - {path: /srv/hand-link, link: /srv/hand-drifted}
  - {path: /etc/hand.conf, source: files/note, restarts: hand.service}
  - {path: /etc/systemd/system/hand.service, source: files/unit, restarts: hand.service}
units: [hand.service]
"""
UNIT = "[Service]\nExecStart=/bin/sleep infinity\n[Install]\nWantedBy=multi-user.target\n"
# systemd says in whole seconds when a unit was started: what changes in the same second has changed before.
IN_THE_WAY = """
set -e
sleep 1.1
mkdir /srv/theirs
echo theirs >/srv/theirs/file
cd /srv
rm -r hand hand-directory hand-pipe hand-leads hand-linked hand-link /etc/hand.conf
echo theirs >hand
mkdir hand-directory hand-link /etc/hand.conf
echo theirs | tee hand-directory/theirs hand-link/theirs /etc/hand.conf/theirs
mkfifo hand-pipe
ln -s /srv/theirs hand-leads
ln -s /srv/theirs/file hand-linked
"""
AWAY = "cd /srv && mkdir -p away && mv hand hand-directory hand-pipe hand-leads hand-link /etc/hand.conf away"
LISTED = "cd / && ls -A srv/theirs srv/hand-directory srv/hand-link etc/hand.conf && cat srv/hand srv/theirs/file"
BY_HAND = {
    "directory /srv/hand": "is a regular file, expected a directory",
    "file /srv/hand/below": "is below /srv/hand",
    "file /srv/hand-directory": "is a directory, expected a file",
    "file /srv/hand-pipe": "is a fifo, expected a file",
    "file /srv/hand-leads": "is a symbolic link to a directory, expected a file",
    "link /srv/hand-link": "is a directory, expected a link",
    "file /etc/hand.conf": "is a directory, expected a file",
    "unit hand.service": "waits for file /etc/hand.conf",
}


@pytest.fixture(scope="module")
def contract(lab: Lab) -> Iterator[Contract]:
    lab.up()
    with small(lab, "hand", POLICIES) as made:
        made.write("files/note", "noted\n")
        made.write("files/unit", UNIT)
        made.commit()
        made.good("apply", "--yes")
        yield made
    lab.up()
    lab.reset("app1", "app2")


def test_what_stands_in_the_way_is_planned_for_people_and_the_rest_is_carried_on(
    healthy_lab: Lab, contract: Contract
) -> None:
    made = healthy_lab.root("app1", IN_THE_WAY)
    assert made.rc == 0, made
    for host in ("app1", "app2"):
        healthy_lab.root(host, "echo drifted >/srv/hand-drifted")
    before = healthy_lab.root("app1", LISTED)
    started = healthy_lab.root("app1", "systemctl show -P ActiveEnterTimestampMonotonic hand.service").out
    _is_planned_for_people(contract)

    reported = contract.run("apply", "--yes", "--format", "json")

    assert (reported.code, reported.of_host("app1")["converged"], reported.of_host("app2")["converged"]) == (
        3,
        False,
        True,
    )
    assert set(reported.of_host("app1")["planned"]["manual"]) == set(BY_HAND)
    assert {check["step"] for check in reported.of_host("app1")["not_ok"]} == set(BY_HAND)
    assert healthy_lab.root("app1", LISTED) == before
    assert healthy_lab.root("app1", "systemctl show -P ActiveEnterTimestampMonotonic hand.service").out == started
    assert healthy_lab.root("app1", "cat /srv/hand-drifted /srv/hand-linked; readlink /srv/hand-linked").out == (
        "noted\nnoted\n"
    )
    assert healthy_lab.root("app2", "cat /srv/hand-drifted").out == "noted\n"
    assert set(contract.events("apply.started")[-1]["body"]["hosts"]["app1"]["manual"]) == set(BY_HAND)


def _is_planned_for_people(contract: Contract) -> None:
    """The plan says so in each of its forms, with the way out."""
    planned = contract.good("plan", "--live", "--format", "json")
    (by_hand,) = (host["manual"] for host in planned.json["hosts"] if host["name"] == "app1")
    assert {change["step"] for change in by_hand} == set(BY_HAND)
    for change in by_hand:
        assert change["why"].startswith(BY_HAND[change["step"]])
        assert "by hand" in change["why"] or "manually" in change["why"]
    assert {change["step"] for change in planned.of_host("app1")["change"]} == {
        "file /srv/hand-drifted",
        "file /srv/hand-linked",
    }
    live = ("plan", "--live")
    text, markdown = (without_reasons(contract.good(*live, "--format", form).out) for form in ("text", "markdown"))
    manual = "fix manually (apply does not change it)"
    assert f"* file /srv/hand-directory: {manual}: is a directory, expected a file" in text
    assert f"{len(BY_HAND)} to fix manually" in text
    assert f"- `*` `file /srv/hand-directory`: `{manual}" in markdown


def test_when_people_have_moved_it_away_the_next_apply_makes_all_so(healthy_lab: Lab, contract: Contract) -> None:
    assert healthy_lab.root("app1", AWAY).rc == 0
    contract.good("apply", "--yes")
    contract.good("verify")
    assert healthy_lab.root("app1", "cat /srv/hand/below /srv/hand-directory /srv/hand-link").out == "noted\n" * 3
    contract.good("apply", "--yes")


def test_what_others_put_in_the_place_of_what_leaves_stays_and_is_told(healthy_lab: Lab, contract: Contract) -> None:
    theirs = """
    set -e
    cd /srv && rm hand-directory hand-pipe && mkdir hand-directory && mkfifo hand-pipe
    echo theirs | tee hand-directory/theirs hand-shared/theirs
    rm -r hand && echo theirs >hand
    rm hand-link && mkdir hand-link && echo theirs >hand-link/theirs
    """
    assert healthy_lab.root("app1", theirs).rc == 0
    contract.drop("policies/all.yaml", "hand")
    contract.commit()

    reported = contract.run("apply", "--yes")

    assert reported.code == 0, reported
    for words in (
        "left in place: directory /srv/hand: a regular file is there now",
        "left in place: directory /srv/hand-shared: it contains something that opspact did not put there",
        "left in place: file /srv/hand-directory: a directory is there now",
        "left in place: file /srv/hand-pipe: a fifo is there now",
        "left in place: link /srv/hand-link: a directory is there now",
    ):
        assert f"app1: {words}" in " ".join(reported.out.split())
    assert healthy_lab.root(
        "app1", "cd /srv && cat hand-directory/theirs hand-shared/theirs hand hand-link/theirs; test -p hand-pipe"
    ) == healthy_lab.root("app1", "printf 'theirs\\ntheirs\\ntheirs\\ntheirs\\n'")
    assert healthy_lab.root("app1", "ls -d /srv/hand-drifted /srv/hand-leads /etc/hand.conf 2>/dev/null").out == ""
    assert healthy_lab.root("app2", "ls -d /srv/hand*").out == ""
    assert contract.run("verify").code == 4
