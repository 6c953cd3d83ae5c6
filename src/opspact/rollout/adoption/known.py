"""What a proposal is made from.

In: what hosts said, the contract as it is. Out: a frozen value, asked by each area of adoption.
"""

from collections.abc import Mapping
from functools import cached_property
from types import MappingProxyType

from opspact.analyse.shell.secrets import secrets_in
from opspact.onhost.redaction import Redactor
from opspact.rollout.adoption.host_state import HostState
from opspact.steps.other_access import Strangers
from opspact.structs import Struct
from opspact.workspace.workspace import Compiled, redactor

Refusals = Mapping[tuple[str, str], str]
"""By host and identity of a step: what verify says about it there, so that no policy may want it."""


class Known(Struct, dict=True):
    """Hosts as they are, the contract as it is, and what verify said about what was proposed before.

    `strangers`: who has access beside what is proposed; None: hosts have not been asked yet.
    """

    head: Compiled
    states: Mapping[str, HostState]
    refused: Refusals = MappingProxyType({})
    strangers: Mapping[str, Strangers] | None = None

    @cached_property
    def wanted(self) -> Mapping[str, frozenset[str]]:
        """The identities of what the contract wants already, by host."""
        works = {host: self.head.work[host] for host in self.states}
        distinct = {id(it): frozenset(step.identity for step in it.make) for it in works.values()}
        return {host: distinct[id(it)] for host, it in works.items()}

    @cached_property
    def _redactor(self) -> Redactor:
        return redactor(self.head.contract)

    def masked(self, text: str) -> str:
        """Given text of hosts, return it without secrets, as it may be shown."""
        return self._redactor.masked(text)

    def is_secret(self, text: str) -> bool:
        """Whether something in a text looks like a secret, by forms that everybody knows or by the contract's."""
        return any(True for _ in secrets_in(text.encode("utf-8", "replace"))) or self.masked(text) != text
