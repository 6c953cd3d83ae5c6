"""Managed files rendered from the contract's templates, in Jinja's sandbox: nothing from the repository is run.

Comes in: template text and a host. Goes out: text.
"""

from collections.abc import Hashable

from jinja2 import TemplateError

from opspact.errors import Problem
from opspact.model.contract import Contract
from opspact.model.inventory.host import Host
from opspact.model.policies.service import WantedFile
from opspact.resolve import host_templates
from opspact.resolve.sandbox import GOES_WRONG


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
        return host_templates.depends_on(wanted.template, host)
    except (TemplateError, RecursionError) as error:
        raise _wrong(wanted, error) from error


def render(wanted: WantedFile, host: Host, contract: Contract) -> str:
    """Given a template, return its text for a host.

    It sees what `host_templates.render` says. Raise CannotRenderError when it asks for more or does not work out.
    """
    known = {"name": contract.name, "zone": contract.zone, "language": contract.language}
    try:
        return host_templates.render(wanted.template or "", host, known)
    except GOES_WRONG as error:
        raise _wrong(wanted, error, host.name) from error


def _wrong(wanted: WantedFile, error: Exception, host: str = "") -> CannotRenderError:
    line = getattr(error, "lineno", None)
    at = f"{wanted.template_name}:{line}" if line else wanted.template_name
    for_host = f" for {host}" if host else ""
    return CannotRenderError(Problem("OP110", wanted.origin.place, f"cannot render {at}{for_host}: {error}"))
