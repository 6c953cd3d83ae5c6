"""Every generated name: units, paths, accounts and files that opspact makes on hosts.

Comes in: names of policies. Goes out: names on hosts.
"""

from opspact.values.secret import SecretReference

UNIT_FOLDER = "/etc/systemd/system/"
PROGRAM_FOLDER = "/usr/local/lib/opspact"
SETTINGS_FOLDER = "/etc/opspact"
STATE_FOLDER = "/var/lib/opspact"
SPOOL_FOLDER = f"{STATE_FOLDER}/spool"
MANIFESTS = f"{STATE_FOLDER}/manifests"


def program(name: str) -> str:
    """Given an on-host program's name, return its path on hosts."""
    return f"{PROGRAM_FOLDER}/{name}.py"


def job(kind: str, policy: str) -> str:
    """Given a scheduled job's kind and policy, return the name of its systemd units, without `.service` or `.timer`."""
    return f"opspact-{kind}-{policy}"


def job_unit(job: str) -> str:
    """Given a job's key (`kind/name`), return the name of its systemd units, without `.service` or `.timer`."""
    kind, _, name = job.partition("/")
    return f"opspact-{kind}-{name}"


def job_subject(job: str, host: str) -> str:
    """Given a job's key and a host, return what events of that job on that host are about."""
    return f"job/{job}/host/{host}"


def unit_file(unit: str) -> str:
    """Given a unit's full name, return the path of the file that defines it."""
    return f"{UNIT_FOLDER}{unit}"


def settings_folder(kind: str) -> str:
    """Given a job's kind, return the folder of the settings of all such jobs on the host."""
    return f"{SETTINGS_FOLDER}/{kind}"


def settings(kind: str, policy: str) -> str:
    """Given a job's kind and policy, return the path of its settings on the host."""
    return f"{settings_folder(kind)}/{policy}.json"


def spool(kind: str, policy: str) -> str:
    """Given a job's kind and policy, return the folder where its results wait to be collected."""
    return f"{SPOOL_FOLDER}/{kind}/{policy}"


BACKUP_ACCOUNT = "opspact-backup"
BACKUP_BASE = "/srv/opspact-backup"
CONFIGURATION_REQUEST = "opspact-configuration"
"""The command with which a client asks a backup server for its repository's configuration and nothing else."""
REPOSITORY_STATE = f"{STATE_FOLDER}/repository"
BACKUP_FOLDER = f"{SETTINGS_FOLDER}/backup"


def borgmatic_file(policy: str) -> str:
    """Given a backup policy's name, return the path of its borgmatic configuration, out of Debian's own timer's way."""
    return f"{BACKUP_FOLDER}/{policy}.yaml"


def repository_keys(repository: str) -> str:
    """Given a repository's name, return the client's folder of the key that opens it."""
    return f"{BACKUP_FOLDER}/keys/{repository}"


def passphrase_file(kind: str, repository: str) -> str:
    """Given `backup` (client) or `repository` (server) and its name, return the path of the repository's passphrase."""
    return f"{SETTINGS_FOLDER}/{kind}/{repository}.passphrase"


_SUDOERS = "/etc/sudoers.d/opspact-"


def sudoers(policy: str) -> str:
    """Given an access policy's name, return the path of its sudo rules (sudo ignores names with a dot)."""
    return f"{_SUDOERS}{policy}"


def is_sudoers(path: str) -> bool:
    """Return whether a path is that of sudo rules which opspact writes."""
    return path.startswith(_SUDOERS)


def manifest(contract: str) -> str:
    """Given a contract's name, return where a host keeps the note of what opspact put there for it."""
    return f"{MANIFESTS}/{contract}.json"


def secret_expression(reference: SecretReference) -> str:
    """Given a secret's reference, return the Jinja expression that gives its text inside a playbook."""
    return "{{ lookup('opspact_secret', '" + reference.key + "') }}"
