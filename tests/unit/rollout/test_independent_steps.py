"""After a failure on a host the steps that do not depend on what failed go on, and no other."""

import pytest
from all_steps import KEY, REPOSITORY

from opspact.compile.play_tasks import play_tasks
from opspact.compile.shape import Work
from opspact.errors import Place
from opspact.fleet.ansible import HostRun, HostState
from opspact.model.origin import Origin
from opspact.rollout.independent_steps import after_failure
from opspact.steps.account import Account
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.base import Step
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.package import Package
from opspact.steps.unit import Unit
from opspact.structs import replace


def of(policy: str, step: Step) -> Step:
    return replace(step, origins=(Origin(policy, Place("policies/all.yaml", 1)),))


def file(path: str, *, owner: str = "root") -> File:
    return File(path=path, content=Content.of("x\n"), owner=owner)


TREE, NGINX = of("service/tools", Package(name="tree")), of("service/web", Package(name="nginx"))
OPS = of("access/ops", Account(name="ops", home="/home/ops"))
KEYS = of("access/ops", AuthorizedKeys(account="ops", home="/home/ops", keys=(KEY,)))
SRV, DATA = of("service/app", Directory(path="/srv/app")), of("service/data", Directory(path="/srv/data"))
IN_SRV, OWNED = of("service/logs", file("/srv/app/log.conf")), of("service/app", file("/etc/ops.conf", owner="ops"))
ETC, SITE = of("service/etc", file("/etc/a.conf")), of("service/web", file("/etc/nginx/site"))
APP, WEB = of("service/app", Unit(name="app.service")), of("service/web", Unit(name="nginx.service"))
FOLLOWS = of("service/other", Unit(name="b.service", watches=("/etc/nginx/site",)))
ALL = (TREE, NGINX, OPS, SRV, DATA, ETC, SITE, OWNED, IN_SRV, KEYS, APP, FOLLOWS, WEB)


def left(failed: Step, *items: str, work: Work | None = None) -> Work:
    whole = work or Work(ALL)
    name = next(task.name for task in play_tasks(whole) if failed in task.steps)
    return after_failure(whole, HostRun("app1", HostState.FAILED, task=name, message="no", items=items))


@pytest.mark.parametrize(
    ("failed", "items", "undone"),
    [
        (SRV, ("/srv/app",), (SRV, IN_SRV, APP)),
        (DATA, ("/srv/data",), (DATA,)),
        (ETC, ("/etc/a.conf",), (ETC,)),
        (SITE, ("/etc/nginx/site",), (SITE, FOLLOWS, WEB)),
        (OPS, (), (OPS, OWNED, KEYS, APP)),
        (APP, ("app.service",), (APP,)),
    ],
)
def test_what_depends_on_a_failed_step_waits_and_the_rest_goes_on(
    failed: Step, items: tuple[str, ...], *, undone: tuple[Step, ...]
) -> None:
    place = next(place for place, task in enumerate(play_tasks(Work(ALL))) if failed in task.steps)
    later = {step for task in list(play_tasks(Work(ALL)))[place + 1 :] for step in task.steps}
    assert left(failed, *items).make == tuple(step for step in ALL if step in later and step not in undone)


def test_of_packages_that_fail_together_the_policies_wait() -> None:
    assert left(NGINX).make == (OPS, SRV, DATA, ETC, OWNED, IN_SRV, KEYS, APP)


def test_a_loop_that_hides_its_items_counts_as_failed_whole() -> None:
    assert left(SRV).make == (ETC, SITE, OWNED, KEYS, FOLLOWS, WEB)


def test_a_unit_that_did_not_start_keeps_no_other_from_reading_its_files() -> None:
    names = [task.name for task in play_tasks(Work((APP, WEB)))]
    run = HostRun("app1", HostState.FAILED, task=names[1], message="no", items=("app.service",))
    assert after_failure(Work((APP, WEB)), run).make == (WEB,)


def test_a_removal_that_failed_keeps_back_only_what_wants_its_place() -> None:
    old, gone = file("/etc/a.conf"), file("/etc/gone")
    work = Work((TREE, ETC, SITE), (old, gone))
    assert left(old, work=work) == Work((TREE, SITE), (gone,))
    assert left(gone, work=work) == Work((TREE, ETC, SITE))


def test_no_unit_reads_that_a_file_is_gone_whose_successor_failed() -> None:
    old = File(path="/etc/nginx/old", content=Content.of("x\n"), restarts=("nginx.service",))
    work = Work((SITE, DATA), (old,))
    assert list(play_tasks(work))[-1].steps == (old,), "that comes after all that is made"
    assert left(SITE, SITE.subject, work=work) == Work((DATA,))


def test_one_change_of_the_way_in_that_failed_keeps_back_all_others() -> None:
    sshd = file("/etc/ssh/sshd_config.d/a.conf")
    assert left(sshd, sshd.path, work=Work((sshd, ETC, KEYS, REPOSITORY))).make == (ETC, REPOSITORY)


def test_a_task_that_is_not_of_this_work_leaves_nothing() -> None:
    assert after_failure(Work(ALL), HostRun("app1", HostState.FAILED, task="Gathering Facts")) == Work()
