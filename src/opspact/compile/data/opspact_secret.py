"""Ansible lookup plugin: a secret that a policy names. Lies in a compiled project's `lookup_plugins/`.

Comes in: references (`vault:borg`). Goes out: their values, to tasks with `no_log: true`. Needs nothing of opspact.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError  # type: ignore[import-untyped]
from ansible.plugins.lookup import LookupBase  # type: ignore[import-untyped]  # Ansible ships no types

DOCUMENTATION = r"""
name: opspact_secret
short_description: a secret that a policy names
description:
  - opspact passes secrets in memory. For manual runs, set each one in the environment of ansible-playbook, or all of
    them in one JSON file of your own with mode 0600.
  - An C(env:NAME) reference is also read from the variable C(NAME) itself.
options:
  _terms:
    description: references, as policies write them after C(secret:).
    required: true
environment:
  - OPSPACT_SECRET_<REFERENCE>: one secret; the reference in capitals, every other character than A-Z and 0-9 as C(_).
  - OPSPACT_SECRETS: path of a JSON file, an object from references to secrets.
"""

EXAMPLES = r"""
# OPSPACT_SECRET_VAULT_BORG="$(pass borg)" ansible-playbook -i inventory site.yml
- ansible.builtin.copy:
    content: "{{ lookup('opspact_secret', 'vault:borg') }}"
    dest: /etc/example/passphrase
    mode: "0600"
  no_log: true
"""


class LookupModule(LookupBase):  # type: ignore[misc]  # its base has no types
    """Looks secrets up: in the memory file of opspact, else in the environment."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **_options: Any) -> list[str]:  # noqa: ARG002 - Ansible's signature
        """Given references, return their secrets. Raise AnsibleError for one that nobody gave."""
        path = os.environ.get("OPSPACT_SECRETS", "")
        given = json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
        return [self._value(str(term), given) for term in terms]

    def _value(self, reference: str, given: dict[str, str]) -> str:
        """Given a reference and the file's secrets, return its value."""
        variable = "OPSPACT_SECRET_" + re.sub("[^A-Z0-9]", "_", reference.upper())
        scheme, _, name = reference.partition(":")
        places = [given.get(reference), os.environ.get(variable), os.environ.get(name) if scheme == "env" else None]
        for value in places:
            if value is not None:
                return value
        message = f"secret {reference} is not available: set the environment variable {variable}"
        raise AnsibleError(message)
