"""Managed files rendered from the contract's templates, in Jinja's sandbox: nothing from the repository is run.

Comes in: template text and a host. Goes out: text.
"""

from collections.abc import Hashable

from jinja2 import TemplateError

from opspact.compile.sandbox import GOES_WRONG, parsed
from opspact.compile.variable_templates import names_used, rendered_variables
from opspact.errors import Problem
from opspact.model.contract import Contract
from opspact.model.inventory.host import Host
from opspact.model.policies.service import WantedFile


class CannotRenderError(Exception):
    """A template does not render for some host; carries the problem with its place."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def depends(wanted: WantedFile, host: Host) -> Hashable:
    """Given a wanted file, return what its content depends on for this host: equal means an equal file.

    Raise CannotRenderError when the template cannot be read.
    """
    if wanted.template is None:
        return None
    try:
        used = names_used(parsed(wanted.template).used, host.variables)
    except (TemplateError, RecursionError) as error:
        raise _wrong(wanted, error) from error
    return tuple(_value(name, host) for name in used)


def _value(name: str, host: Host) -> Hashable:
    """Return what distinguishes all values that could render differently: 1, 1.0 and true, null and nothing at all."""
    if name in {"host", "inventory_hostname", "inventory_hostname_short"}:
        return host.name
    if name not in host.variables:
        return None
    value = host.variables[name]
    return (type(value), value if isinstance(value, str | int | bool) else repr(value))


def render(wanted: WantedFile, host: Host, contract: Contract) -> str:
    """Given a template, return its text for a host.

    It sees the host's inventory variables, `inventory_hostname`, `host.name`, `contract.name`, `contract.zone`. Raise
    CannotRenderError when it asks for more or does not work out.
    """
    variables = {**host.variables, **_names_of(host)}
    known = {
        "host": {"name": host.name},
        "contract": {"name": contract.name, "zone": contract.zone, "language": contract.language},
    }
    try:
        template = parsed(wanted.template or "")
        return template.render(rendered_variables(template.used, variables) | known)
    except GOES_WRONG as error:
        raise _wrong(wanted, error, host.name) from error


def _names_of(host: Host) -> dict[str, str]:
    """Return a host's names as Ansible gives them to every template."""
    return {"inventory_hostname": host.name, "inventory_hostname_short": host.name.split(".", maxsplit=1)[0]}


def _wrong(wanted: WantedFile, error: Exception, host: str = "") -> CannotRenderError:
    line = getattr(error, "lineno", None)
    at = f"{wanted.template_name}:{line}" if line else wanted.template_name
    for_host = f" for {host}" if host else ""
    return CannotRenderError(Problem("OP110", wanted.origin.place, f"cannot render {at}{for_host}: {error}"))
