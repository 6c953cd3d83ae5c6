"""How a run is on a host, as the host and ssh say it: asked only where a plan may cut it off.

In: a session, the steps that would be made and removed. Out: what is refused, and why.
"""

import re
from collections.abc import Mapping, Sequence
from shlex import quote

from opspact.fleet.login_keys import LoginFailed, accepted_key, other_keys
from opspact.fleet.route import route_of
from opspact.fleet.session import Session
from opspact.model.inventory.bastion import asset_user
from opspact.plan.own_login import OwnLogin, can_cut_login, is_setting, refusals
from opspact.rollout.login_rehearsal import Changes, ask, rehearse
from opspact.rollout.login_settings import Route
from opspact.steps.account import Account
from opspact.steps.base import Step
from opspact.steps.closed_account import ClosedAccount
from opspact.steps.membership import Membership
from opspact.structs import replace

# sudo keeps no SSH_CONNECTION: that of the process which sshd has started is read.
_WHO = """\
user=${SUDO_USER:-$(id -un)} || exit
pid=$$ connection=
while [ "$pid" -gt 1 ] && [ -z "$connection" ]; do
  connection=$(tr '\\0' '\\n' <"/proc/$pid/environ" | sed -n 's/^SSH_CONNECTION=//p') || exit
  pid=$(sed -n 's/^PPid:[[:space:]]*//p' "/proc/$pid/status") || exit
done
printf '%s %s\\n' "$user" "$connection"
"""
_LOGINS = "journalctl --quiet --no-pager --output=cat --reverse --boot _UID=0 -t sshd -t sshd-session"
_ACCEPTED = re.compile(r"^Accepted publickey for .* (SHA256:[A-Za-z0-9+/]+)$", re.MULTILINE)


def login_refusals(session: Session, *, made: Sequence[Step], removed: Sequence[Step]) -> Mapping[str, str]:
    """Given the steps that would be made and removed on a host, return which are not, by identity, and why.

    They would take away the login by which this run is there. Where that cannot be found out, all that may are refused.
    """
    doubtful = Changes(*(tuple(step for step in some if can_cut_login(step)) for some in (made, removed)))
    if not doubtful.steps or not session.client:
        return {}
    try:
        login = _own_login(session, doubtful)
    except (LoginFailed, ValueError) as error:
        return {step.identity: f"it is not known how this run logs in: {error}" for step in doubtful.steps}
    return refusals(login, made=doubtful.made, removed=doubtful.removed)


def _own_login(session: Session, doubtful: Changes) -> OwnLogin:
    done = session.run(_WHO)
    words = done.stdout.decode("utf-8", "replace").split()
    if done.rc != 0 or len(words) != 5:  # noqa: PLR2004 - the user, two addresses with their ports
        raise ValueError(done.stderr.decode("utf-8", "replace").strip() or "its connection has no address")
    user, client, client_port, server, port = words
    login = OwnLogin(user, by_sudo=user != "root", cut=_missing_shells(session, user, doubtful))
    rest = doubtful.only([step for step in doubtful.steps if _concerns(step, user)])
    if not rest.steps:
        return login
    way = route_of(session.client)
    is_behind = asset_user(way.user) not in {"", user} and not way.ends_at(server, port)  # or it is `li@example.com`
    if is_behind:  # what ssh says is about the bastion
        key = _key_of_bastion(session, f" from {client} port {client_port} ")
    else:
        key = accepted_key(session.client, session.environment)
    route = Route(user, client, server, port, key)
    now = ask(session, route)
    rehearsed = rest.only([step for step in rest.steps if is_setting(step) or isinstance(step, Membership)])
    cut = {**login.cut, **rehearse(session, route, rehearsed, now=now)}
    login = replace(login, key=route.key, key_files=frozenset(now.files), cut=cut)
    if is_behind or not refusals(login, made=doubtful.made, removed=doubtful.removed).keys() - login.cut.keys():
        return login
    return replace(login, other_keys=other_keys(session.client, accepted=login.key))


def _key_of_bastion(session: Session, connection: str) -> str:
    """Given words of sshd for the connection of this run, return the key that it accepted: a bastion has its own ones.

    Raise ValueError when the journal does not tell, or the bastion logs in otherwise.
    """
    # sshd names the connection in other lines, too, such as "Starting session" (LogLevel VERBOSE).
    done = session.run(f"{_LOGINS} | grep -e '^Accepted ' | grep -m 1 -F -e {quote(connection)}")
    found = _ACCEPTED.search(done.stdout.decode("utf-8", "replace"))
    if found is None:
        raise ValueError("a bastion logs in here, and the journal names no key that sshd has accepted from it")
    return found[1]


def _concerns(step: Step, user: str) -> bool:
    """Whether it is worth a login to know more: what is of other accounts cannot cut this one off."""
    account = step.name if isinstance(step, ClosedAccount) else getattr(step, "account_name", user)
    return bool(account == user)


def _missing_shells(session: Session, user: str, changes: Changes) -> Mapping[str, str]:
    """Return the accounts of the user that would get a shell which is not on the host: sshd lets nobody in then."""
    found = {}
    for step in changes.made:
        if isinstance(step, Account) and step.name == user:
            done = session.run(f"test -x {quote(step.shell)}")
            if done.rc != 0:
                found[step.identity] = f"this run logs in as {user}, and {step.shell} is not on this host"
    return found
