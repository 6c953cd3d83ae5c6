"""Managed files rendered from the contract's templates, in Jinja's sandbox: nothing from the repository is run.

Comes in: template text and a host. Goes out: text.
"""

from collections.abc import Hashable

from jinja2 import TemplateError, TemplateSyntaxError

from opspact.errors import Problem
from opspact.model.contract import Contract
from opspact.model.inventory.host import Host
from opspact.model.policies.service import WantedFile
from opspact.resolve import host_templates
from opspact.resolve.sandbox import GOES_WRONG, message_of
from opspact.resolve.template_names import TemplateScope
from opspact.resolve.template_problem import TemplateProblem, line_of, template_problem


class CannotRenderError(Exception):
    """A template does not render for some host; carries the problem with its place."""

    def __init__(self, found: TemplateProblem) -> None:
        super().__init__(str(found.cause))
        self.found = found


def depends(wanted: WantedFile, host: Host, contract: Contract) -> Hashable:
    """Given a wanted file, return what its content depends on for this host: equal means an equal file.

    Raise CannotRenderError when the template cannot be read.
    """
    if wanted.template is None:
        return None
    try:
        return host_templates.depends_on(wanted.template, host, _scope(contract))
    except (TemplateError, RecursionError) as error:
        raise _wrong(wanted, error, host=host, contract=contract) from error


def render(wanted: WantedFile, host: Host, contract: Contract) -> str:
    """Given a template, return its text for a host.

    It sees what `host_templates.render` says. Raise CannotRenderError when it asks for more or does not work out.
    """
    try:
        return host_templates.render(wanted.template or "", host, _scope(contract))
    except GOES_WRONG as error:
        raise _wrong(wanted, error, host=host, contract=contract) from error


def _scope(contract: Contract) -> TemplateScope:
    known = {"name": contract.name, "zone": contract.zone, "language": contract.language}
    return TemplateScope(known, contract.inventory, contract.files)


def _wrong(wanted: WantedFile, error: Exception, *, host: Host, contract: Contract) -> CannotRenderError:
    line = line_of(error)
    template = f"{wanted.template_name}:{line}" if line else wanted.template_name
    whom = "" if isinstance(error, TemplateSyntaxError) else f" for {host.name}"
    message = f"cannot render {template}{whom}: {message_of(error)}"
    at = Problem("OP110", wanted.origin.place, message)
    return CannotRenderError(template_problem(error, at, host=host, scope=_scope(contract)))
