"""The kind `device`, as it is meant: hardware without an agent.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from collections.abc import Mapping

from opspact.model.origin import Origin
from opspact.model.text import Text
from opspact.structs import Struct
from opspact.values.duration import Duration
from opspact.values.secret import SecretReference


class DeviceSign(Struct):
    """One sign that a device runs normally: `kind` is `ping`, `tcp` or `http`.

    `port` is 0 and `url` empty where they do not belong; `status` and `contains` are what an HTTP answer has.
    """

    kind: str
    within: Duration
    port: int = 0
    url: str = ""
    status: int = 0
    contains: str = ""


class SnmpSign(Struct):
    """One value that a device gives by SNMP while it runs normally.

    `type` is `integer`, `gauge`, `counter` or `text`; `unit` is empty where none is written. `expected` has the one
    expectation, as the on-host program reads it: `above` or `below` (thresholds), `equals` or `contains`.
    """

    name: str
    oid: str
    type: str
    unit: str
    expected: Mapping[str, object]


class SnmpAccess(Struct):
    """How a device lets itself be asked by SNMP: with secrets by what they are (`community`, or `auth` and `privacy`).

    `user` is empty for version 2c. The protocols are those of version 3.
    """

    user: str
    auth_protocol: str
    privacy_protocol: str
    secrets: Mapping[str, SecretReference]
    port: int
    within: Duration


class Device(Struct):
    """Hardware without an agent, looked at from a host with every inspection of that host.

    `site`, `owner`, `address` and `probed_from` are empty where nothing is written.
    """

    name: str
    text: Text
    site: str
    model: str
    serial: str
    owner: str
    address: str
    probed_from: str
    normal: tuple[DeviceSign | SnmpSign, ...]
    snmp: SnmpAccess | None
    origin: Origin

    @property
    def subject(self) -> str:
        """What results, obligations and findings call it: `device/core-switch`."""
        return f"device/{self.name}"
