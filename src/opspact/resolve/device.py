"""The kind `device`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.device import Device, DeviceSign
from opspact.resolve.context import DocumentContext
from opspact.resolve.references import refer_to_actor
from opspact.schema import kinds
from opspact.schema.documents import device as written_device


def resolve_device(document: kinds.Device, context: DocumentContext) -> Device:
    """Given a device as written, return its meaning."""
    if document.owner:
        refer_to_actor(document.owner, "owner", context=context)
    if document.probed_from:
        context.host(document.probed_from, "probed_from")
    return Device(
        name=document.name,
        text=context.text,
        site=document.site or "",
        model=document.model or "",
        serial=document.serial or "",
        owner=document.owner or "",
        address=document.address or "",
        probed_from=document.probed_from or "",
        normal=tuple(map(_sign, document.normal)),
        origin=context.origin(),
    )


def _sign(written: written_device.DeviceSign) -> DeviceSign:
    if written.tcp is not None:
        return DeviceSign("tcp", written.tcp.within, port=written.tcp.port)
    if (http := written.http) is not None:
        return DeviceSign("http", http.within, url=http.url, status=http.status, contains=http.contains or "")
    ping = written.ping or written_device.PingCheck()
    return DeviceSign("ping", ping.within)
