"""The kind `device`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

from opspact.model.policies.device import Device, DeviceSign, SnmpAccess, SnmpSign
from opspact.resolve.check_settings import plain_settings
from opspact.resolve.context import DocumentContext
from opspact.resolve.references import refer_to_actor
from opspact.schema import kinds
from opspact.schema import snmp as written_snmp
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
        snmp=None if document.snmp is None else _access(document.snmp),
        origin=context.origin(),
    )


def _access(written: written_snmp.SnmpAccess) -> SnmpAccess:
    secrets = {"community": written.community, "auth": written.auth, "privacy": written.privacy}
    return SnmpAccess(
        user=written.user or "",
        auth_protocol=written.auth_protocol,
        privacy_protocol=written.privacy_protocol,
        secrets={name: secret for name, secret in secrets.items() if secret is not None},
        port=written.port,
        within=written.within,
    )


def _sign(written: written_device.DeviceSign) -> DeviceSign | SnmpSign:
    if (value := written.snmp) is not None:
        settings = plain_settings(value)
        expected = {name: settings[name] for name in written_snmp.EXPECTED[value.type] if name in settings}
        return SnmpSign(value.name, value.oid, value.type, value.unit or "", expected)
    if written.tcp is not None:
        return DeviceSign("tcp", written.tcp.within, port=written.tcp.port)
    if (http := written.http) is not None:
        return DeviceSign("http", http.within, url=http.url, status=http.status, contains=http.contains or "")
    ping = written.ping or written_device.PingCheck()
    return DeviceSign("ping", ping.within)
