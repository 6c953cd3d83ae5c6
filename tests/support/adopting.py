"""Proposals for hosts of a small contract, and the contract with what is proposed.

Used by the tests of adoption.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import yaml
from building import DAY, tree

from opspact.compile.build import build
from opspact.resolve.contract import resolve
from opspact.rollout.adoption.host_state import HostState
from opspact.rollout.adoption.known import Known, Refusals
from opspact.rollout.adoption.policy_text import policy_files, policy_text
from opspact.rollout.adoption.proposal import Proposal
from opspact.steps.other_access import Strangers
from opspact.workspace.workspace import Compiled

NOBODY = Strangers((), ())


def compiled(files: Mapping[str, bytes]) -> Compiled:
    contract = resolve(files)
    return Compiled(files, contract, build(contract, day=DAY), "", DAY)


def known(
    states: Mapping[str, HostState],
    *policies: str,
    strangers: Mapping[str, Strangers] = MappingProxyType({}),
    refused: Refusals = MappingProxyType({}),
) -> Known:
    seen = {host: strangers.get(host, NOBODY) for host in states}
    return Known(compiled(tree(*policies)), states, refused, seen)


def data(proposal: Proposal) -> dict[str, dict[str, Any]]:
    """Return the policies by name, as a reader of YAML has them."""
    return {each.name: yaml.safe_load(policy_text([each])) for each in proposal.documents}


def with_policies(asked: Known, proposal: Proposal) -> Compiled:
    """Return the contract with what is proposed: it is read and compiled without a problem."""
    files = policy_files(proposal.documents, asked.head.tree)
    texts = {path: policy_text(inside).encode() for path, inside in files.items()}
    return compiled({**asked.head.tree, **texts, **proposal.files})
