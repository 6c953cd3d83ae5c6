"""Ansible's sudo, that also knows the prompt of sudo-rs.

Comes in: what sudo prints. Goes out: whether it asks for the password. sudo-rs puts the prompt that Ansible gives it
inside of its own, `[sudo: PROMPT] Password: `, where Ansible does not look for it (ansible#86441).
"""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import ansible.plugins.become  # type: ignore[import-untyped]

# Ansible loads this file under the name of its own, which is therefore found by its place.
_THEIRS = Path(ansible.plugins.become.__file__).with_name("sudo.py")
_spec = spec_from_file_location("opspact_ansible_sudo", _THEIRS)
assert _spec is not None
assert _spec.loader is not None
_sudo = module_from_spec(_spec)
_spec.loader.exec_module(_sudo)

DOCUMENTATION = _sudo.DOCUMENTATION


class BecomeModule(_sudo.BecomeModule):  # type: ignore[misc, name-defined]
    """How Ansible becomes root without mitogen."""

    def check_password_prompt(self, b_output: bytes) -> bool:
        """Given what was printed, return whether the prompt is in it: no other text holds its random word."""
        return bool(self.prompt) and self.prompt.encode() in b_output
