"""Mitogen's linear strategy, with three of its habits left off. Loaded by Ansible alone, never by us.

Comes in: Ansible's plugin loader. Goes out: the strategy. Why, with numbers: docs/performance.md.
"""

from typing import Any

import ansible_mitogen.affinity
import mitogen.minify
from ansible_mitogen.connection import Connection
from ansible_mitogen.plugins.strategy.mitogen_linear import StrategyModule

__all__ = ["StrategyModule"]

_USUAL_FLAGS = {"-H", "-S", "-n"}  # Ansible's own; whoever asks sudo for more gets mitogen's two steps
_build_stack = Connection._build_stack  # noqa: SLF001 - mitogen has no setting for it


def _in_one_step(self: Any) -> tuple[str, tuple[dict[str, Any], ...]]:
    """Given a connection, return its host and the steps of its way there: ssh and then sudo as one, where that fits.

    Else mitogen starts an interpreter for the login too, and loads all of its modules there, only to start root's.
    """
    host, stack = _build_stack(self)
    match tuple(stack):
        case (*before, {"method": "ssh"} as login, {"method": "sudo"} as root) if _asks_nothing(root["kwargs"]):
            sudo = root["kwargs"]
            path = [sudo["sudo_path"] or "sudo", "-n", "-H", "-u", sudo["username"], "--", *sudo["python_path"]]
            return host, (*before, {**login, "kwargs": {**login["kwargs"], "python_path": path}})
    return host, stack


def _asks_nothing(sudo: dict[str, Any]) -> bool:
    """Whether a call of sudo needs no password and no flags out of the ordinary."""
    return not sudo["password"] and set(sudo["sudo_args"] or ()) <= _USUAL_FLAGS


def _as_it_is(source: str | bytes) -> str:
    """Return source text without the pains of making it smaller: all hosts would wait for a second meanwhile."""
    return source if isinstance(source, str) else source.decode()


Connection._build_stack = _in_one_step  # noqa: SLF001 - see above
mitogen.minify.minimize_source = _as_it_is
# Mitogen pins each process to one processor. Of two processors, one would belong to its multiplexer alone, and Ansible,
# all its workers and every ssh would share the other. The kernel's scheduler knows better.
ansible_mitogen.affinity.policy = ansible_mitogen.affinity.Policy()
