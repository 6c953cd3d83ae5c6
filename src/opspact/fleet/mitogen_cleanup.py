"""What a killed Ansible run leaves on a host: empty folders of mitogen's, tidied away by the next run that acts there.

Comes in: a session with the host's lock. Goes out: nothing.
"""

from opspact.fleet.session import Session

_REMOVE_EMPTY = (
    "find /root/.ansible/tmp -mindepth 1 -maxdepth 1 -type d -user root "
    "-name 'ansible_mitogen_*' -mmin +{minutes} -exec rmdir --ignore-fail-on-non-empty -- {{}} + 2>/dev/null"
)

OLD_ENOUGH = 60
"""Minutes. A younger one may belong to a run of somebody else's that is at work now; ours has this host's lock."""


def remove_empty_folders(session: Session) -> None:
    """Given a session, remove the empty folders that killed runs left there an hour ago or longer, by their name.

    A folder that holds anything stays, and so does one under another name: it is not known to be ours. Raise HostLost
    when the host cannot be asked; a host without such folders is fine.
    """
    session.run(_REMOVE_EMPTY.format(minutes=OLD_ENOUGH))
