"""Proposed access: people with their accounts, keys and groups; and whoever and whatever else has access.

In: what hosts have. Out: documents of the kinds `person` and `access`, and what these do not say.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from opspact.model import names
from opspact.model.policies.person import Person
from opspact.rollout.adoption.host_state import FoundAccount
from opspact.rollout.adoption.known import Known
from opspact.rollout.adoption.proposal import Document, Names, NotAdopted, Proposal, host_pattern, name_part
from opspact.schema.documents.access import Others
from opspact.schema.value_error import InvalidValueError
from opspact.schema.values import validators
from opspact.schema.values.ssh_keys import parse_public_key
from opspact.schema.values.system_accounts import is_system_account
from opspact.steps.other_access import Strangers
from opspact.structs import Struct
from opspact.text.names import list_names

OTHER_ACCESS = "other-access host"
"""The identity of the step that nobody else has access."""
_FILE, _PEOPLE_FILE = "access", "people"
_FIELDS: Mapping[str, str] = {"account": "accounts", "key": "keys", "rule": "sudo", "member": "members"}
_DIRECTORY = re.compile(r"add (\w+) to others\.directories$")
_SHAPE_DIFFERS = "its keys or its shell are not those that {whose}; a person has the same on all hosts"


class _Candidate(Struct):
    """A person's account, the same on its hosts; `found`: as it is on each."""

    account: str
    person: str
    is_new: bool
    found: Mapping[str, FoundAccount]

    @property
    def one(self) -> FoundAccount:
        """The account as it is on any of them."""
        return next(iter(self.found.values()))


def propose_access(known: Known) -> Proposal:
    """Given what hosts have, return the documents for it."""
    candidates, missed = _candidates(known)
    others, unnamed = _others(known)
    people = [_person(each, known) for each in candidates if each.is_new]
    given = Names(access.name for access in known.head.contract.accesses)
    documents = (*people, *_access(candidates, known, given), *_other_documents(others, known, given))
    not_adopted = (*missed, *unnamed, *_missed_groups(candidates, known))
    return Proposal(documents, {}, tuple(sorted({*not_adopted})))


def _candidates(known: Known) -> tuple[list[_Candidate], list[NotAdopted]]:
    """Return the accounts that policies can want as they are, and those that they cannot, with the reason."""
    missed: list[NotAdopted] = []
    by_account: dict[str, dict[str, FoundAccount]] = defaultdict(dict)
    for host, state in known.states.items():
        for found in state.accounts:
            if _is_wanted(found.name, host, known):
                continue
            if why := _why_not(found, host, known):
                missed.append(NotAdopted(f"account {found.name} as a person", host, known.masked(why)))
            else:
                by_account[found.name][host] = found
    given = Names(known.head.contract.people)
    candidates = []
    for account, by_host in sorted(by_account.items()):
        candidate, others = _candidate(account, by_host, known, given=given)
        candidates += [candidate] if candidate.found else []
        missed += others
    return candidates, missed


def _is_wanted(account: str, host: str, known: Known) -> bool:
    """Whether the contract says already what is to be of an account on a host."""
    others = (access.others for access in known.head.contract.accesses if access.others and host in access.hosts)
    emergency = {names.emergency_account(person.account) for person in known.head.contract.people.values()}
    wanted = known.wanted[host]
    if account in emergency or any(account in each.accounts for each in others):
        return True
    return f"account {account}" in wanted or f"closed-account {account}" in wanted


def _why_not(found: FoundAccount, host: str, known: Known) -> str:
    """Return why no person can have an account as it is; empty: one can."""
    for identity in (f"account {found.name}", f"authorized-keys {found.name}"):
        if refused := known.refused.get((host, identity)):
            return refused
    if is_system_account(found.name):
        return "the name is that of a system account"
    try:
        validators.account_name(found.name)
    except InvalidValueError as error:
        return str(error)
    return _why_no_keys(found, known)


def _why_no_keys(found: FoundAccount, known: Known) -> str:
    """Return why policies cannot have an account's keys as they are; empty: they can."""
    if found.keys is None:
        return "its keys are behind a symbolic link, or cannot be read"
    for key in found.keys:
        try:
            same = str(parse_public_key(key)) == key
        except InvalidValueError as error:
            return f"a key: {error}"
        if not same or known.is_secret(key):
            return "a key is written otherwise than policies write it" if not same else "a key's comment is a secret"
    return ""


def _candidate(
    account: str, found: Mapping[str, FoundAccount], known: Known, *, given: Names
) -> tuple[_Candidate, list[NotAdopted]]:
    """Return the account where it is as most hosts have it, or as its person in the contract; and where it is not."""
    person = next((each for each in known.head.contract.people.values() if each.account == account), None)
    if person is not None:
        shape, whose = _shape_of(person), f"person {person.name} has in the policies"
    else:
        shapes = [_shape(each) for each in found.values()]
        shape = max(dict.fromkeys(shapes), key=shapes.count)
        hosts = [host for host, each in found.items() if _shape(each) == shape]
        whose = f"it has on {list_names(hosts)}"
    alike = {host: each for host, each in found.items() if _shape(each) == shape}
    if person is not None and not person.works_on(known.head.day):
        alike, whose = {}, f"person {person.name} has in the policies, who does not work today"
    why = _SHAPE_DIFFERS.format(whose=whose)
    others = [NotAdopted(f"account {account} as a person", host, why) for host in found if host not in alike]
    name = person.name if person else given.new(name_part(account if account[0].isalpha() else f"person-{account}"))
    return _Candidate(account, name, person is None, alike), others


def _shape(found: FoundAccount) -> tuple[str, frozenset[str]]:
    return found.shell, frozenset(found.keys or ())


def _shape_of(person: Person) -> tuple[str, frozenset[str]]:
    return person.shell, frozenset(person.keys)


def _person(candidate: _Candidate, known: Known) -> Document:
    one = candidate.one
    name = one.full_name if one.full_name and not known.is_secret(one.full_name) else candidate.account
    with_password = [host for host, each in candidate.found.items() if each.has_password]
    comments = [f"Account {candidate.account} on {list_names(list(candidate.found))}: a person, or a program?"]
    if with_password:
        comments.append(f"It has a password on {list_names(with_password)}, about which policies say nothing.")
    data: dict[str, object] = {
        "kind": "person",
        "name": candidate.person,
        "text": {"en": validators.one_line(" ".join(name.split()))},
        "from": str(known.head.day),
    }
    data |= {"account": candidate.account} if candidate.account != candidate.person else {}
    data |= {"keys": list(one.keys)} if one.keys else {}
    data |= {"shell": one.shell} if one.shell != "/bin/bash" else {}
    return Document(_PEOPLE_FILE, tuple(comments), data)


def _groups(found: FoundAccount, host: str, known: Known) -> tuple[str, ...]:
    """Return the groups that a policy can give the account on a host: not those that mean everything."""
    return tuple(
        group
        for group in sorted(found.groups)
        if not _why_no_group(group) and (host, f"membership {found.name} in {group}") not in known.refused
    )


def _why_no_group(group: str) -> str:
    try:
        validators.login_group(group)
    except InvalidValueError as error:
        return str(error)
    return ""


def _missed_groups(candidates: Iterable[_Candidate], known: Known) -> Iterator[NotAdopted]:
    """Yield memberships that no policy gives; those that `others` lists are named there."""
    listed = {(host, each.name) for host, seen in (known.strangers or {}).items() for each in seen.found if each.name}
    for candidate in candidates:
        for host, found in candidate.found.items():
            for group in sorted({*found.groups} - {*_groups(found, host, known)}):
                what = f"{found.name} in {group}"
                if (host, what) not in listed:
                    why = known.refused.get((host, f"membership {what}")) or _why_no_group(group)
                    yield NotAdopted(f"membership {what}", host, known.masked(why))


def _access(candidates: Iterable[_Candidate], known: Known, given: Names) -> Iterator[Document]:
    """Yield who may log in where: one policy for all who are in the same groups on the same hosts."""
    people: dict[tuple[tuple[str, ...], tuple[str, ...]], list[str]] = defaultdict(list)
    for candidate in candidates:
        by_groups: dict[tuple[str, ...], list[str]] = defaultdict(list)
        for host, found in candidate.found.items():
            by_groups[_groups(found, host, known)].append(host)
        for groups, found_on in by_groups.items():
            people[(tuple(found_on), groups)].append(candidate.person)
    for (hosts, groups), persons in people.items():
        pattern = host_pattern(hosts, known.head.contract.inventory)
        data: dict[str, object] = {
            "kind": "access",
            "name": given.new(f"adopted-people-{name_part(pattern)}"),
            "hosts": pattern,
            "people": {"person": persons},
        }
        data |= {"groups": list(groups)} if groups else {}
        yield Document(_FILE, ("Accounts with these groups and exactly the keys of their persons.",), data)


def _others(known: Known) -> tuple[Mapping[str, Mapping[str, list[str]]], list[NotAdopted]]:
    """Return what `others` lists on each host, and hosts of which that cannot be written, with the reason."""
    found: dict[str, Mapping[str, list[str]]] = {}
    missed = []
    for host in known.states:
        refused = known.refused.get((host, OTHER_ACCESS), "")
        if known.strangers is None:
            found |= {} if refused else {host: {}}
        elif host in known.strangers:
            listed, why = _listed(known.strangers[host], known)
            if why or refused:
                missed.append(NotAdopted(OTHER_ACCESS, host, known.masked(why or refused)))
            elif listed:
                found[host] = listed
        elif refused:
            missed.append(NotAdopted(OTHER_ACCESS, host, known.masked(refused)))
    return found, missed


def _listed(strangers: Strangers, known: Known) -> tuple[dict[str, list[str]], str]:
    """Given strangers, return how `others` lists them, and why it cannot; empty: it can."""
    listed: dict[str, list[str]] = defaultdict(list)
    for each in strangers.found:
        if not each.name or each.kind not in _FIELDS:
            return {}, f"no policy can list this: {each.words}"
        if known.is_secret(each.name):
            return {}, f"a {each.kind} looks as if a secret were in it: {each.words}"
        listed[_FIELDS[each.kind]].append(each.name)
    for words in strangers.unknown:
        named = _DIRECTORY.search(words)
        if named is None:
            return {}, words
        listed["directories"].append(named[1])
    try:
        Others.model_validate({field: tuple(values) for field, values in listed.items()})
    except ValueError as error:
        return {}, f"no policy can list this: {error}"
    return dict(listed), ""


def _other_documents(others: Mapping[str, Mapping[str, list[str]]], known: Known, given: Names) -> Iterator[Document]:
    """Yield policies with `others`: each thing once, with all hosts that have it."""
    if known.strangers is None:
        by_hosts: dict[tuple[str, ...], dict[str, list[str]]] = {tuple(others): {}} if others else {}
    else:
        having: dict[tuple[str, str], list[str]] = defaultdict(list)
        for host, fields in others.items():
            for field, values in fields.items():
                for value in values:
                    having[(field, value)].append(host)
        by_hosts = defaultdict(lambda: defaultdict(list))
        for (field, value), found_on in having.items():
            by_hosts[tuple(found_on)][field].append(value)
    comment = (
        "Who and what else has access, as it was found: whatever comes to it is reported. Delete what should not be."
    )
    sudo = "Rules of sudo stand here as they are on the hosts; to have them managed, write `sudo` in an access policy."
    for hosts, fields in by_hosts.items():
        pattern = host_pattern(hosts, known.head.contract.inventory)
        name = given.new(f"adopted-others-{name_part(pattern)}")
        comments = (comment, sudo) if "sudo" in fields else (comment,)
        yield Document(_FILE, comments, {"kind": "access", "name": name, "hosts": pattern, "others": {**fields}})
