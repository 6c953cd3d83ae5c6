"""Mitogen's linear strategy, with some of its habits left off.

Comes in: Ansible's plugin loader. Goes out: the strategy. Why, with numbers: docs/performance.md.
"""

from typing import Any

import ansible_mitogen.affinity
import mitogen.minify
from ansible.errors import AnsibleConnectionFailure  # type: ignore[import-untyped]
from ansible_mitogen.connection import Connection
from ansible_mitogen.plugins.strategy.mitogen_linear import StrategyModule

__all__ = ["StrategyModule"]

# ruff: noqa: SLF001 - mitogen has no settings for any of this

_USUAL_FLAGS = {"-H", "-S", "-n"}  # Ansible's own; whoever asks sudo for more gets mitogen's two steps
_connect_stack = Connection._connect_stack


def _in_one_step(stack: tuple[dict[str, Any], ...]) -> tuple[dict[str, Any], ...]:
    """Given mitogen's steps to a host's root, return them with ssh and then sudo as one, where that fits.

    Else mitogen starts an interpreter for the login too, and loads all of its modules there, only to start root's.
    """
    match stack:
        case (*before, {"method": "ssh"} as login, {"method": "sudo"} as root) if _asks_nothing(root["kwargs"]):
            sudo = root["kwargs"]
            path = [sudo["sudo_path"] or "sudo", "-n", "-H", "-u", sudo["username"], "--", *sudo["python_path"]]
            return (*before, {**login, "kwargs": {**login["kwargs"], "python_path": path}})
    return stack


def _connected(connection: Any, stack: Any) -> None:
    """Given a connection and its steps, take them. When one step fails, mitogen's two say which of them it was."""
    short = _in_one_step(tuple(stack))
    try:
        _connect_stack(connection, short)
    except AnsibleConnectionFailure as failure:
        if len(short) == len(stack) or "timed out" in str(failure):
            raise
        _connect_stack(connection, stack)
    connection.login_context = connection.login_context or connection.context  # of one step, there is no other


def _asks_nothing(sudo: dict[str, Any]) -> bool:
    """Whether a call of sudo needs no password and no flags out of the ordinary."""
    return not sudo["password"] and set(sudo["sudo_args"] or ()) <= _USUAL_FLAGS


def _as_it_is(source: str | bytes) -> str:
    """Return source text without the pains of making it smaller: all hosts would wait for a second meanwhile."""
    return source if isinstance(source, str) else source.decode()


Connection._connect_stack = _connected
mitogen.minify.minimize_source = _as_it_is
# Mitogen pins each process to one processor. Of two processors, one would belong to its multiplexer alone, and Ansible,
# all its workers and every ssh would share the other. The kernel's scheduler knows better.
ansible_mitogen.affinity.policy = ansible_mitogen.affinity.Policy()
