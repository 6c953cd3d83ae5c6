"""The names that templates know beside a host's variables, and what helps with a name that they do not know.

Comes in: a host, its inventory, what rendering raised. Goes out: values, hints.
"""

import re
from collections.abc import Iterator, Mapping

from jinja2 import TemplateError, UndefinedError

from opspact.model.inventory.host import Host, Inventory
from opspact.resolve.ansible_names import ANSIBLE_FILTERS, ANSIBLE_TESTS
from opspact.resolve.inventory import KEPT_BY_ANSIBLE
from opspact.resolve.sandbox import FILTERS, TESTS
from opspact.resolve.variable_templates import VariableError
from opspact.structs import Struct
from opspact.text.suggestions import nearest

OF_HOST = frozenset({"group_names", "host", "inventory_hostname", "inventory_hostname_short"})
"""Provided names whose values differ from host to host."""

_UNDEFINED = re.compile(r"'(\w+)' is undefined")
_NO_ATTRIBUTE = re.compile(r"'dict object' has no attribute '(.+)'")
_NO_FUNCTION = re.compile(r"No (filter|test) named '([\w.]+)'")
_FUNCTIONS = frozenset({"lookup", "now", "q", "query", "undef"})
_FACTS = "ansible_"
_OF_CONNECTION = re.compile(r"ansible_(?:host|port|user|password|connection|become(?:_\w+)?)")
_NO_LOADER = "no loader for this environment specified"
_SET_IT = "set it in inventory/group_vars/ or inventory/host_vars/"
_NOWHERE = "no group and no key of a variable has this name"
_OTHERS = KEPT_BY_ANSIBLE | {
    *("ansible_check_mode", "ansible_failed_result", "ansible_failed_task", "ansible_index_var", "ansible_loop"),
    *("ansible_loop_var", "ansible_managed", "ansible_parent_role_names", "ansible_parent_role_paths"),
    *("ansible_search_path", "environment", "omit", "vars"),
}


class TemplateScope(Struct):
    """What templates of a contract see beside a host's own variables, and the files in which those are set."""

    contract: Mapping[str, str]
    inventory: Inventory
    files: Mapping[str, bytes]

    def as_in_ansible(self, host: Host) -> dict[str, object]:
        """Given a host, return what Ansible provides as well, with the values that it has there."""
        return {
            "group_names": list(self.inventory.groups_of[host.name]),
            "groups": self.inventory.group_lists,
            "inventory_hostname": host.name,
            "inventory_hostname_short": host.short_name,
        }

    def own(self, host: Host) -> dict[str, object]:
        """Given a host, return what opspact provides; inventory variables of these names do not count in templates."""
        return {"host": {"name": host.name}, "contract": self.contract}


def remedy(error: Exception, host: Host, scope: TemplateScope) -> str:
    """Given what rendering raised for a host, return what helps; empty: no idea."""
    if isinstance(error, VariableError):
        return remedy(error.reason, host, scope) if error.reason else ""
    if isinstance(error, TemplateError) and (found := _NO_FUNCTION.match(str(error))):
        return _of_function(found[1], found[2])
    if str(error) == _NO_LOADER:
        return "include, import and extends are not available: a template is one file"
    if not isinstance(error, UndefinedError):
        return ""
    if found := _NO_ATTRIBUTE.fullmatch(str(error)):
        keys = {key for value in _all_known(host, scope).values() for key in _keys(value)}
        return "" if found[1] in keys else _did_you_mean(nearest(found[1], keys)) or _NOWHERE
    found = _UNDEFINED.fullmatch(str(error))
    return _of_name(found[1], set(_all_known(host, scope))) if found else ""


def _all_known(host: Host, scope: TemplateScope) -> dict[str, object]:
    return {**host.variables, **scope.as_in_ansible(host), **scope.own(host)}


def _of_function(kind: str, name: str) -> str:
    """Return what helps where a filter or test is not there: what was meant, if that is none of Ansible."""
    ours, of_ansible = (FILTERS, ANSIBLE_FILTERS) if kind == "filter" else (TESTS, ANSIBLE_TESTS)
    near = None if "." in name or name in of_ansible else nearest(name, ours | of_ansible)
    return _did_you_mean(near if near in ours else None) or (
        f"only the {kind}s of Jinja are available, not those of Ansible"
    )


def _of_name(name: str, known: set[str]) -> str:
    """Return what helps where a name is not known: what was meant, or why Ansible knows it and opspact does not."""
    if name in _FUNCTIONS:
        return f"{name} is a function of Ansible; in opspact, templates read inventory variables only"
    if name in _OTHERS:
        return f"{name} is set by Ansible; of such names opspact has group_names, groups, inventory_hostname(_short)"
    near = nearest(name, known)
    if name.startswith(_FACTS) and not _OF_CONNECTION.fullmatch(name):
        near = near if near and abs(len(near) - len(name)) <= 1 else None
        return _did_you_mean(near) or f"facts of hosts are not available; {_SET_IT}"
    return _did_you_mean(near) or _SET_IT


def _did_you_mean(near: str | None) -> str:
    return f'did you mean "{near}"?' if near else ""


def _keys(value: object) -> Iterator[str]:
    """Yield the keys of a mapping, and of those in it."""
    match value:
        case dict():
            for key, inner in value.items():
                yield str(key)
                yield from _keys(inner)
        case list() | tuple():
            for inner in value:
                yield from _keys(inner)
        case _:
            return
