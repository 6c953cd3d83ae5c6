"""Every generated name: units, paths, accounts and files that opspact creates. No other module composes one.

In: names of policies. Out: names on hosts, in the compiled project, on the operator's machine.
"""

from opspact.values.secret import SecretReference

UNIT_FOLDER = "/etc/systemd/system/"
PROGRAM_FOLDER = "/usr/local/lib/opspact"
SETTINGS_FOLDER = "/etc/opspact"
STATE_FOLDER = "/var/lib/opspact"
SPOOL_FOLDER = f"{STATE_FOLDER}/spool"
MANIFESTS = f"{STATE_FOLDER}/manifests"
FORMER_FILES = f"{STATE_FOLDER}/former-files"
"""Where files are kept, below it under their whole paths, that were on a host before opspact wrote over them."""
LAST_APPLY = f"{STATE_FOLDER}/last-apply"
"""What an apply keeps until the next one, for root alone."""
BEFORE_APPLY = f"{LAST_APPLY}/files"
"""What was in the files of units before the last apply that wrote some, below it under their whole paths."""
ABSENT_BEFORE_APPLY = f"{LAST_APPLY}/absent"
"""The paths, one a line, at which there was nothing then."""
CHANGE_GUARD = f"{STATE_FOLDER}/change-guard"
"""What a host keeps, for root alone, of a change that it reverts unless that is confirmed in time."""
UNIT_RECORDS = f"{STATE_FOLDER}/units"
"""What each unit had read of its files when opspact last had it read them: docs/decisions/0003."""
LEDGER_HEADS = f"{STATE_FOLDER}/heads"
"""Where collecting leaves the head of the ledger for jobs that draw samples by it; everybody may read it."""
BORG_STATE = f"{STATE_FOLDER}/borg"
"""Where borg keeps what it knows of repositories on the client; `security` in it guards against swapped ones."""
BORG_CACHE = "/var/cache/opspact/borg"
"""Borg's cache on the client: can be lost at any time."""
ROLES_FOLDER = f"{STATE_FOLDER}/roles"
"""Where the accounts of database servers are while a backup with databases is made."""
PROGRAM_CACHE = "/var/cache/opspact/programs"
"""Compiled forms of root's programs, for root alone: can be lost at any time."""
RESTORE_STATE = f"{STATE_FOLDER}/restore"
"""Where a host notes what it has begun to restore, and keeps dumps meanwhile."""
RESTORE_REQUESTS = "/run/opspact-restore"
"""Where it finds what to restore, for root alone."""
REBUILT_FOLDER = f"{STATE_FOLDER}/rebuilt"
"""Where a rebuild puts files that it does not restore in place, below it in a folder for each backup policy."""
REBUILDING = f"{STATE_FOLDER}/rebuilding"
"""There while the host is rebuilt: what is not yet restored must neither be backed up nor purged."""
BORGMATIC_RUNTIME = "/run/opspact/borgmatic"
"""What borgmatic keeps while it runs, a folder below it for each backup policy."""
HOST_LOCK = "/run/opspact.lock"
"""The lock that a session holds. Its lines: the holder, the process of the holder's shell, a random word of its."""
FENCE = "/run/opspact"
"""Where a host keeps the newest token of a run that took it. Gone at a reboot, as every process of a run is."""
FENCED_PYTHON = f"{STATE_FOLDER}/python-"
"""How the paths of programs begin that let a run's Ansible in while its token is the newest one."""
TEMPORARY = ".opspact.XXXXXXXXXX"
"""The template for mktemp(1) of a file that is written beside its place and then renamed."""


def restore_request(policy: str) -> str:
    """Given a backup policy's name, return the path of the file that says what a host is to restore of its copies."""
    return f"{RESTORE_REQUESTS}/{policy}.json"


def program(name: str) -> str:
    """Given an on-host program's name, return its path on hosts."""
    return f"{PROGRAM_FOLDER}/{name}.py"


def job_unit(job: str) -> str:
    """Given a job's key (`kind/name`), return the name of its systemd units, without `.service` or `.timer`."""
    kind, _, name = job.partition("/")
    return f"opspact-{kind}-{name}"


def condition_unit(job: str) -> str:
    """Given a job's key, return the name of the units that run it between its times; no policy's name has a dot."""
    return f"{job_unit(job)}.needed"


def job_subject(job: str, host: str) -> str:
    """Given a job's key and a host, return what events of that job on that host are about."""
    return f"job/{job}/host/{host}"


def repository_subject(server: str, repository: str) -> str:
    """Given a backup server and the name of a repository there, return what is owed of that repository is about."""
    return f"repository/{server}/{repository}"


def unit_file(unit: str) -> str:
    """Given a unit's full name, return the path of the file that defines it."""
    return f"{UNIT_FOLDER}{unit}"


def unit_record(unit: str) -> str:
    """Given a unit's full name, return the path of the record of what it has read."""
    return f"{UNIT_RECORDS}/{unit}"


def settings_folder(job: str) -> str:
    """Given a job's key, return the folder of the settings of all jobs of its kind on the host."""
    return settings(job).rpartition("/")[0]


def settings(job: str) -> str:
    """Given a job's key, return the path of its settings on the host."""
    return f"{SETTINGS_FOLDER}/{job}.json"


def spool(job: str) -> str:
    """Given a job's key, return the folder where its results wait to be collected."""
    return f"{SPOOL_FOLDER}/{job}"


def ledger_head(job: str) -> str:
    """Given a job's key, return the file that names the head of its contract's ledger, as of the newest collecting."""
    return f"{LEDGER_HEADS}/{job}.json"


REDACTIONS = f"{SETTINGS_FOLDER}/redaction"
"""Where hosts have a file for each redaction policy; onhost/redaction reads all of them."""
SNMP_FOLDER = f"{SETTINGS_FOLDER}/snmp"
"""Below it the secrets by which devices let themselves be asked, a folder for each device."""
INSPECTION_RUNTIME = "/run/opspact/inspection"
"""What inspections keep while they run, for root alone, a folder below it for each policy."""


def snmp_folder(device: str) -> str:
    """Given a device's name, return the folder of its secrets on the host that asks it."""
    return f"{SNMP_FOLDER}/{device}"


BACKUP_ACCOUNT = "opspact-backup"
BACKUP_BASE = "/srv/opspact-backup"
CONFIGURATION_REQUEST = "opspact-configuration"
"""The command with which a client asks a backup server for its repository's configuration and nothing else."""
SCRATCH_FOLDER = "/srv/opspact-scratch"
"""Below it a backup server restores copies to prove that it can; each in a folder that is removed afterwards."""
REPOSITORY_STATE = f"{STATE_FOLDER}/repository"
BACKUP_FOLDER = f"{SETTINGS_FOLDER}/backup"
REPOSITORY_FOLDER = f"{SETTINGS_FOLDER}/repository"


def borgmatic_file(policy: str) -> str:
    """Given a backup policy's name, return the path of its borgmatic configuration, out of Debian's own timer's way."""
    return f"{BACKUP_FOLDER}/{policy}.yaml"


def accounts_file(policy: str, engine: str) -> str:
    """Given a backup policy and a kind of database server, return where its copies have the accounts of that server."""
    return f"{ROLES_FOLDER}/{policy}" + ("" if engine == "postgresql" else f".{engine}")


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


EMERGENCY_FOLDER = f"{STATE_FOLDER}/emergency_access"
"""Where a host keeps what is granted, in a folder for each access policy and a file for each account."""


def emergency_account(account: str) -> str:
    """Given a person's account, return the one that the person has while emergency access is granted."""
    return f"em-{account}"


def emergency_grants(policy: str) -> str:
    """Given an access policy's name, return the folder of what is granted by it."""
    return f"{EMERGENCY_FOLDER}/{policy}"


def manifest(contract: str) -> str:
    """Given a contract's name, return where a host keeps the note of what opspact put there for it."""
    return f"{MANIFESTS}/{contract}.json"


SHAPES_FILE = "inventory/zz-opspact-shapes.yml"
"""The compiled project's groups of hosts with equal work; sorts last, after the files that name the hosts."""
CONTRACT_STATE = ".opspact"
"""The folder of a contract that holds what is not written but happened: ledger, locks. Never in git."""
COMPILED_LIST = ".opspact-compiled.json"
"""The list of the files that `opspact compile` wrote into a folder."""
SECRETS_MEMORY = "opspact-secrets"
"""The name of the memory file that holds the secrets of a run."""


def shape_group(digest: str) -> str:
    """Given the digest of what is done on hosts of one shape, return the name of their inventory group."""
    return f"opspact_{digest[:12]}"


ATTESTATION_TYPE = "urn:opspact:attestation:1"
"""What the predicate of attestations is, in the sense of in-toto."""
HEAD_BRANCH = "opspact-heads"
"""The branch of a repository that keeps signed heads of ledgers, unless another one is named."""
HEAD_NAMESPACE = "opspact-ledger"
"""What signatures of heads are for, in the sense of ssh-keygen(1): one of a plan is none of a head."""
PLAN_NAMESPACE = "opspact-plan"
"""What signatures of approvals are for."""
RUNBOOK_NAMESPACE = "opspact-runbook"
"""What signatures of approvals of a runbook's steps are for."""
APPROVAL_NOTES = "refs/notes/opspact/approvals/"
"""Below it, a ref for each approver: git's notes on the commit that an approved plan is for."""


def run_folder(user: int) -> str:
    """Given a user's number, return the name of the user's folder of run folders, where others have theirs too."""
    return f"opspact-{user}"


def document_schema(name: str) -> str:
    """Given the name of a kind of JSON document that opspact writes (`plan`), return what its `schema` says."""
    return f"opspact/{name}"


def secret_expression(reference: SecretReference) -> str:
    """Given a secret's reference, return the Jinja expression that gives its text inside a playbook."""
    return "{{ lookup('opspact_secret', '" + reference.key + "') }}"
