"""The kind `device`, as it is meant: hardware without an agent.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.model.origin import Origin
from opspact.model.text import Text
from opspact.structs import Struct
from opspact.values.duration import Duration


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
    normal: tuple[DeviceSign, ...]
    origin: Origin

    @property
    def subject(self) -> str:
        """What results, obligations and findings call it: `device/core-switch`."""
        return f"device/{self.name}"
