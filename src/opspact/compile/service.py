"""Services as steps: packages, directories, files, links, units, and the answers that running normally means.

Comes in: service policies. Goes out: portions.
"""

from collections.abc import Iterator

from opspact.compile import templates
from opspact.compile.portion import Portion, portions
from opspact.model.contract import Contract
from opspact.model.inventory.host import Host
from opspact.model.policies.service import HttpCheck, PortCheck, Service, WantedFile
from opspact.steps.base import Step
from opspact.steps.content import Content
from opspact.steps.directory import Directory
from opspact.steps.file import File
from opspact.steps.http_answer import HttpAnswer
from opspact.steps.link import Link
from opspact.steps.package import Package
from opspact.steps.port_answer import PortAnswer
from opspact.steps.unit import Unit


def service_portions(service: Service, contract: Contract) -> Iterator[Portion]:
    """Given a service, yield its steps. Raise CannotRenderError when a template of it does not render."""
    hosts = contract.inventory.hosts
    items = [*service.packages, *service.units, *service.directories, *service.files]
    placed = [item for item in items if item.hosts is not None]
    return portions(
        service.hosts,
        lambda name: (
            tuple(item.is_on(name) for item in placed),
            tuple(templates.depends(wanted, hosts[name], contract) for wanted in service.files),
        ),
        lambda name: tuple(_steps(service.on(name), hosts[name], contract)),
    )


def _steps(service: Service, host: Host, contract: Contract) -> Iterator[Step]:
    for package in service.packages:
        yield Package(name=package.name, origins=(package.origin,))
    for directory in service.directories:
        yield Directory(
            path=directory.path,
            owner=directory.owner,
            group=directory.group,
            mode=directory.mode,
            origins=(directory.origin,),
        )
    for wanted in service.files:
        yield _link(wanted, wanted.link) if wanted.link else _file(wanted, host, contract)
    yield from _units(service)
    for check in service.normal:
        match check:
            case HttpCheck(url, status, contains, within, origin):
                yield HttpAnswer(url=url, status=status, contains=contains, within=within.seconds, origins=(origin,))
            case PortCheck(port, origin):
                yield PortAnswer(port=port, origins=(origin,))


def _file(wanted: WantedFile, host: Host, contract: Contract) -> File:
    content = wanted.data if wanted.data is not None else templates.render(wanted, host, contract)
    return File(
        path=wanted.path,
        content=Content.of(content),
        owner=wanted.owner,
        group=wanted.group,
        mode=wanted.mode,
        validate=wanted.validate,
        restarts=wanted.restarts,
        reloads=wanted.reloads,
        origins=(wanted.origin,),
    )


def _link(wanted: WantedFile, target: str) -> Link:
    return Link(
        path=wanted.path,
        target=target,
        restarts=wanted.restarts,
        reloads=wanted.reloads,
        origins=(wanted.origin,),
    )


def _units(service: Service) -> Iterator[Unit]:
    for unit in service.units:
        watches, reloads = _read_by(unit.name, service)
        yield Unit(
            name=unit.name,
            enabled=unit.enabled,
            running=unit.running,
            watches=tuple(wanted.path for wanted in watches),
            reloads=tuple(wanted.path for wanted in reloads),
            test=unit.test,
            origins=(unit.origin,),
        )
    named = {unit.name for unit in service.units}
    others = dict.fromkeys(unit for wanted in service.files for unit in (*wanted.restarts, *wanted.reloads))
    for name in (name for name in others if name not in named):
        watches, reloads = _read_by(name, service)
        yield Unit(
            name=name,
            watches=tuple(wanted.path for wanted in watches),
            reloads=tuple(wanted.path for wanted in reloads),
            origins=tuple(wanted.origin for wanted in (*watches, *reloads)),
        )


def _read_by(unit: str, service: Service) -> tuple[list[WantedFile], list[WantedFile]]:
    """Return the files of a service after whose change a unit is restarted, and those after which it is reloaded."""
    return (
        [wanted for wanted in service.files if unit in wanted.restarts],
        [wanted for wanted in service.files if unit in wanted.reloads],
    )
