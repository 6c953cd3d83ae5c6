"""What an inspection looks at for the services of a host: their units, and what running normally means.

Comes in: a contract, a host. Goes out: items as the on-host program reads them.
"""

from collections.abc import Collection, Iterator, Mapping

from opspact.model.contract import Contract
from opspact.model.policies.service import HttpCheck, Service


def service_items(host: str, only: Collection[str], contract: Contract) -> Iterator[Mapping[str, object]]:
    """Given a host and the services that count (empty: all), yield the items of those that it has, and which they are.

    A unit that is not to run is not looked at.
    """
    chosen = contract.services_by_host.get(host, ())
    services = [each.on(host) for each in chosen if not only or each.name in only]
    yield {"item": "services", "services": [service.name for service in services]}
    for service in services:
        yield from _items(service)


def _items(service: Service) -> Iterator[Mapping[str, object]]:
    subject = f"service/{service.name}"
    for unit in service.units:
        if unit.running:
            yield {"item": "unit", "subject": subject, "name": unit.name}
    for check in service.normal:
        if isinstance(check, HttpCheck):
            limits = {"status": check.status, "contains": check.contains, "within": check.within.seconds}
            yield {"item": "http", "subject": subject, "url": check.url, **limits}
        else:
            yield {"item": "tcp", "subject": subject, "port": check.port}
