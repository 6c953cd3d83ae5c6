"""How a run is on a host, as the host and ssh say it: asked only where a plan may cut it off.

In: a session, the steps that would be made and removed. Out: what is refused, and why.
"""

from collections.abc import Iterable, Mapping, Sequence

from opspact.fleet.login_keys import LoginFailed, accepted_key, other_keys
from opspact.fleet.session import Session
from opspact.plan.own_login import SSHD, OwnLogin, can_cut_login, refusals
from opspact.rollout.login_settings import settings_refusal
from opspact.steps.authorized_keys import AuthorizedKeys
from opspact.steps.base import Step
from opspact.structs import replace

_WHO = """\
user=${SUDO_USER:-$(id -un)} && groups=$(id -Gn -- "$user") && printf '%s\\n%s\\n' "$user" "$groups" || exit
for file in /etc/sudoers /etc/sudoers.d/*; do
  case "$file" in *~ | */*.*) continue ;; esac
  if [ -f "$file" ]; then
    for name in "$user" $(printf '%%%s ' $groups); do
      grep -qE "^$name[[:space:]].*[[:space:]]ALL[[:space:]]*$" -- "$file"
      case "$?" in 0) printf '%s\\t%s\\n' "$name" "$file" ;; 1) ;; *) exit 1 ;; esac
    done
  fi
done
"""


def login_refusals(session: Session, *, made: Sequence[Step], removed: Sequence[Step]) -> Mapping[str, str]:
    """Given the steps that would be made and removed on a host, return which are not, by identity, and why.

    They would take away the login by which this run is there. Where that cannot be found out, all that may are refused.
    """
    doubtful = [step for step in (*made, *removed) if can_cut_login(step)]
    if not doubtful or not session.client:
        return {}
    try:
        login = _own_login(session, doubtful, made=made, removed=removed)
    except (LoginFailed, ValueError) as error:
        return {step.identity: f"it is not known how this run logs in: {error}" for step in doubtful}
    return refusals(login, made=made, removed=removed)


def _own_login(
    session: Session, doubtful: Sequence[Step], *, made: Sequence[Step], removed: Sequence[Step]
) -> OwnLogin:
    done = session.run(_WHO)
    if done.rc != 0:
        raise ValueError(done.stderr.decode("utf-8", "replace").strip() or f"exit status {done.rc}")
    user, groups, *rights = done.stdout.decode("utf-8", "replace").splitlines()
    sshd = {
        step.identity: settings_refusal(session, step, user=user, groups=groups.split(), made=step in made)
        for step in doubtful
        if any(path.startswith(SSHD) for path in step.paths)
    }
    by_sudo = user != "root"
    login = OwnLogin(user, by_sudo=by_sudo, sudoers=_sudoers(rights) if by_sudo else {}, sshd=sshd)
    if not any(isinstance(step, AuthorizedKeys) and step.account == user for step in doubtful):
        return login
    login = replace(login, key=accepted_key(session.client))
    if not refusals(login, made=made, removed=removed):
        return login
    return replace(login, other_keys=other_keys(session.client, accepted=login.key))


def _sudoers(lines: Iterable[str]) -> Mapping[str, frozenset[str]]:
    """Return the names in each file by which sudo allows everything."""
    found: dict[str, frozenset[str]] = {}
    for line in lines:
        name, _, path = line.partition("\t")
        found[path] = found.get(path, frozenset()) | {name}
    return found
