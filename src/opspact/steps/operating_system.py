"""The families of operating systems whose packages and units opspact manages: a further family is an entry here.

In: the family's modules. Out: families by the identifier that os-release(5) of their systems names. What a further one
has to give: docs/decisions/0032-operating-systems.md.
"""

from collections.abc import Mapping
from types import MappingProxyType

from opspact.steps import apt, systemd
from opspact.steps.package_manager import PackageManager
from opspact.steps.service_manager import ServiceManager
from opspact.structs import Struct


class OperatingSystem(Struct):
    """One family: what manages its packages and its services."""

    packages: PackageManager
    services: ServiceManager


DEBIAN = OperatingSystem(packages=apt, services=systemd)

FAMILIES: Mapping[str, OperatingSystem] = MappingProxyType({"debian": DEBIAN})
"""By the identifier of the family's first system; those that are like it name that, too (`ID_LIKE`)."""
