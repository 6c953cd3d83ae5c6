"""Programs and subcommands that destroy, as a table.

Comes in: nothing. Goes out: in words what is destroyed, with the programs and the arguments that do it. What each
option does is what the program's own manual says.
"""

import re
from collections.abc import Mapping

from opspact.analyse.shell.command_reader import Command
from opspact.analyse.shell.commands import has_subcommand

_LONGEST = 4_000
"""So much of a command's arguments is searched."""

_DOCKER = "docker|docker-compose|podman|nerdctl|crictl"
_THINGS = "builder|compose|config|container|context|image|machine|network|node|pod|secret|service|stack|system|volume"
_COMPOSE = r"(?:compose(?:\s-\S+(?:\s[^-\s]\S*)?)*\s)?"

_VERBS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "deletes files": (
        ("git", r"clean\s+(?:.*\s)?(?:-\w*f\w*|--fo\S*)|reset\s+--ha\S*|stash\s+(?:drop|clear)|branch\s+(?:.*\s)?-D"),
        ("git", r"push\s+(?:.*\s)?(?:-f|--force\S*|--delete|--mirror)"),
        ("aws", r"s3\s+(?:rm|rb)|s3\s+(?:.*\s)?sync\s+(?:.*\s)?--delete|s3api\s+delete-\S+"),
        ("mc", r"rm|rb|mirror\s+(?:.*\s)?--remove"),
        ("s3cmd", r"del|rm|rb"),
        ("gsutil", r"rm|rb|rsync\s+(?:.*\s)?-\w*d\w*"),
        ("rclone", r"delete|deletefile|purge|sync|move|cleanup"),
        ("rados", r"rm|purge|rmpool"),
        ("salt|salt-call|salt-ssh", r"(?:'?\S+'?\s)?file\.(?:remove|rmdir)"),
    ),
    "deletes backups": (
        ("borg|borgmatic", r"r?delete|repo-delete|(?:--)?prune|.*\s--prune"),
        ("restic", r"forget|prune"),
        ("barman", r"delete"),
        ("pgbackrest", r"stanza-delete|expire"),
        ("wal-g|wal-e", r"delete"),
        ("kopia", r"(?:snapshot|repository)\s+delete"),
        ("duplicity", r"remove-\S+|cleanup"),
        ("snapper", r"(?:delete|remove|rm)"),
    ),
    "drops or empties data": (
        ("mysqladmin|mariadb-admin", r"drop"),
        ("redis-cli|valkey-cli", r"(?i:flushall|flushdb|del|unlink|getdel)|(?i:cluster\s+reset|shutdown\s+nosave)"),
        ("etcdctl", r"del|member\s+remove|(?:user|role)\s+delete"),
        ("consul", r"kv\s+delete"),
        ("vault|bao", r"delete|kv\s+(?:delete|destroy|metadata\s+delete)|secrets\s+disable"),
        ("influx", r"(?:bucket\s+|org\s+)?delete"),
        ("rabbitmqctl", r"(?:force_)?reset|(?:delete|purge)_\S+|forget_cluster_node"),
        ("rabbitmqadmin", r"delete|purge"),
        (r"zkCli(?:\.sh)?", r"delete|deleteall|rmr"),
        ("samba-tool", r"(?:computer|contact|gpo|group|ou|user)\s+delete|domain\s+demote"),
        ("ipa", r"\S+-del"),
        ("radosgw-admin", r"(?:bucket|object|user)\s+rm"),
    ),
    "overwrites data from a copy": (
        ("zfs|btrfs", r"rollback|receive|recv"),
        ("rbd", r"snap\s+(?:rollback|revert)"),
        ("snapper", r"undochange|rollback"),
        ("virsh", r"snapshot-revert"),
        ("etcdctl|etcdutl", r"snapshot\s+restore"),
        ("patronictl", r"reinit"),
        ("repmgr", r"standby\s+clone|node\s+rejoin"),
        ("pgbackrest", r"restore"),
        ("barman", r"recover"),
        ("wal-g|wal-e", r"backup-fetch"),
        ("drbdadm", r"invalidate\S*|--\s+--(?:discard-my-data|overwrite-data-of-peer)"),
        ("helm", r"rollback"),
        ("nodetool", r"rebuild"),
    ),
    "overwrites a database from a dump": (("borgmatic", r"restore"),),
    "overwrites a disk or a file system": (
        ("parted", r".*\s?(?:mk\S+|rm|resizepart)"),
        ("cryptsetup", r"luksFormat|luksErase|erase|reencrypt|luksKillSlot|luksRemoveKey"),
        ("zpool", r"create|labelclear|add|replace"),
        ("nvme", r"format|sanitize|write-zeroes|delete-ns"),
        ("ceph-volume", r"lvm\s+(?:zap|prepare|create|batch)"),
        ("drbdadm", r"create-md|wipe-md"),
        ("dmsetup", r"wipe_table"),
    ),
    "removes software, volumes, machines or accounts": (
        ("apt|apt-get|aptitude|dnf|yum|zypper|apk|snap|flatpak", r"purge|autoremove|remove|erase|rm|del|uninstall"),
        (r"pip[0-9.]*|pipx|npm|gem", r"uninstall"),
        ("zfs|zpool", r"destroy"),
        ("zpool", r"remove|detach"),
        ("btrfs", r"subvolume(?:\s-\S+)*\s+delete|device\s+(?:delete|remove)"),
        ("dmsetup", r"remove|remove_all"),
        (_DOCKER, rf"(?:(?:{_THINGS})(?:\s-\S+(?:\s[^-\s]\S*)?)*\s)?(?:rm|rmi|rmp|prune)"),
        (_DOCKER, rf"{_COMPOSE}down\s(?:.*\s)?(?:-v|--volumes)"),
        (_DOCKER, r"swarm\s+leave|kube\s+down|(?:system|machine)\s+reset"),
        ("kubectl|oc|k3s", r"(?:kubectl\s)?(?:delete|replace\s(?:.*\s)?--force|drain\s.*--delete-\S+)"),
        ("helm", r"uninstall|delete|del|un"),
        ("virsh", r"undefine|destroy|vol-(?:delete|wipe)|pool-(?:delete|destroy)|snapshot-delete"),
        ("lxc|incus", r"(?:\S+\s+)?(?:delete|rm)"),
        ("machinectl", r"remove|clean"),
        ("ctr", r"\w+\s+(?:rm|remove|delete|del|prune)"),
        ("qm|pct", r"destroy"),
        ("vagrant", r"destroy"),
        ("terraform|tofu", r"destroy|(?:apply|plan)\s(?:.*\s)?-destroy|state\s+rm"),
        ("aws", r"\S+\s+(?:delete|terminate|deregister)-\S+"),
        ("gcloud|az", r"(?:[\w-]+\s+)+delete"),
        ("aliyun|tccli", r"\S+\s+(?:Delete|Terminate|Release)\w+"),
        ("nomad", r"(?:job\s+)?stop\s(?:.*\s)?-purge"),
        ("rbd", r"(?:snap\s+)?(?:rm|remove|purge)"),
        ("gluster", r"volume\s+(?:delete|remove-brick|reset-brick)"),
        ("salt|salt-call|salt-ssh", r"(?:'?\S+'?\s)?(?:pkg\.(?:remove|purge)|user\.delete|group\.delete)"),
    ),
    "removes nodes or resources of a cluster": (
        ("pcs", r"cluster\s+(?:destroy|node\s+(?:remove|delete|clear))|(?:resource|stonith)\s+(?:delete|remove)"),
        ("pcs", r"(?:constraint\s+(?:\w+\s+)?(?:delete|remove)|quorum\s+device\s+(?:delete|remove))|config\s+restore"),
        ("crm", r"configure\s+(?:delete|erase|rm|load\s+replace)|(?:resource|node)\s+(?:delete|rm|erase)"),
        ("crm", r"cluster\s+remove"),
        ("ceph", r"osd\s+(?:purge|destroy|rm|pool\s+(?:delete|rm)|crush\s+(?:rm|remove))"),
        ("ceph", r"(?:fs|orch|mon|mds)\s+(?:rm|remove)|orch\s+(?:osd|host)\s+rm|fs\s+(?:volume|subvolume)\s+rm"),
        ("patronictl", r"remove"),
        ("nodetool", r"decommission|removenode|assassinate|clearsnapshot"),
        ("gluster", r"peer\s+detach"),
        ("docker", r"node\s+rm"),
    ),
}
"""Subcommands, with options before them or none."""

_ARGUMENTS: Mapping[str, tuple[tuple[str, str], ...]] = {
    "deletes files": (
        ("shred|srm|wipe", ""),
        ("rsync", r"\s--(?:del(?:ete\S*)?|remove-source-files)(?=\s|$)"),
        ("tar", r"\s--rem[a-z-]*(?=\s|$)"),  # GNU programs take the beginning of an option for it
        ("zip", r"\s(?:-\w*m\w*|--move)(?=\s|$)"),
        ("crontab", r"\s-r\b"),
        ("pg_archivecleanup", ""),
        ("mv", r"\s/dev/null$"),
    ),
    "empties a file": (
        ("truncate", r"\s(?:-s|--s)"),
        ("cp|install", r"\s/dev/null\s"),
        ("ln", r"\s-\w*f\w*\s/dev/null\s"),
    ),
    "overwrites a disk or a file system": (
        (r"mkfs(?:\..*)?|mke2fs|mkdosfs|mkntfs|mkswap|blkdiscard|pvcreate", ""),
        ("wipefs", r"\s(?:-\w*[ao]|--a|--off)"),
        ("sgdisk", r"\s(?:-\w*[cdgGlmnNorstZz]|--(?:zap|clear|delete|new|mbrtogpt|gpttombr|load|largest|replicate))"),
        ("sfdisk", r"^(?!.*\s(?:-[ldJsVFTv]|--(?:list|dump|json|show-\S+|verify|version|help)))"),
        ("fdisk|gdisk|cfdisk|cgdisk", r"^(?!.*\s(?:-[lsxVh]|--(?:list|getsz|version|help)))\s\S"),
        ("mdadm", r"\s(?:--zero-superblock|--create|-C|--build|-B|--kill-subarray)"),
        ("hdparm", r"\s--(?:security-erase|trim-sector|write-sector|sanitize)"),
        ("badblocks", r"\s-\w*w"),
        ("xfs_repair", r"\s-\w*L"),
    ),
    "drops or empties data": (
        ("dropdb|dropuser|pg_dropcluster|pg_resetwal|ldapdelete|ldbdel", ""),
        ("mongo|mongosh", r"dropDatabase|\.(?:drop|remove|delete(?:One|Many)|findOneAndDelete)\(|\.dropUser"),
        ("mongorestore", r"\s--drop\b"),
        (r"kafka-\w+(?:\.sh)?", r"\s--(?:delete|execute)\b"),
        ("curl", r"\s(?:-X\s?|--request[\s=])DELETE\b"),
        ("wget", r"\s--method[\s=]DELETE\b"),
        (r"https?", r"\sDELETE\b"),
    ),
    "overwrites a database from a dump": (("pg_restore", r"\s(?:--clean|-(?!F)\w*c)\b"),),
    "overwrites data from a copy": (
        ("lvconvert", r"\s--merge"),
        ("unzip", r"\s-d\s*/+(?:\s|$)"),
        ("7z[ar]?", r"\sx\s.*\s-o/+(?:\s|$)"),
        ("pg_rewind", ""),
    ),
    "removes software, volumes, machines or accounts": (
        ("dpkg", r"\s(?:-r|-P|--remove|--purge)\b"),
        ("rpm", r"\s(?:-[vh]*e[vh]*|--erase)(?=\s|$)"),
        ("(?:lv|vg|pv)(?:remove|reduce)|userdel|groupdel|deluser|delgroup", ""),
        ("lvresize", r"\s(?:-\w*[Ll]|--size|--extents)[\s=]?-"),
    ),
    "discards the data of the other nodes of a cluster": (
        ("galera_new_cluster", ""),
        (r"mysqld(?:_safe)?|mariadbd(?:-safe)?", r"\s--wsrep[-_]new[-_]cluster"),
    ),
}

_ONLY_TELLS = re.compile(r"\s(?:--dry-run|--just-print|--simulate|--no-act|--help|--version)(?:\s|=(?!none)|$)")
"""Options with which a program says what it would do, and does nothing."""
_SHORT_FOR_IT = tuple(
    (re.compile(programs), re.compile(rf"\s(?:{options})(?=\s|$)"))
    for programs, options in (
        ("apt|apt-get", "-s"),
        (r"borg|mkfs\.ext4|mke2fs|rsync|rclone|restic", r"-[A-Za-z]*n[A-Za-z]*"),
        ("(?:lv|vg|pv)[a-z]+", "-t|--test"),
        ("zfs", r"destroy(?:\s.*)?\s-[A-Za-z]*n[A-Za-z]*"),
        ("git", r"clean(?:\s.*)?\s-[A-Za-z]*n[A-Za-z]*"),
        ("wipefs|sgdisk", "-n|--no-act|--pretend|-P"),
        ("ansible", "-C|--check"),
        ("ldapdelete", r"-[cMvx]*n[cMvx]*"),
    )
)

_PATTERNS = tuple(
    (what, re.compile(programs), arguments) for what, those in _ARGUMENTS.items() for programs, arguments in those
)
_SUBCOMMANDS = tuple((what, re.compile(programs), verbs) for what, those in _VERBS.items() for programs, verbs in those)


def only_shows(command: Command) -> bool:
    """Given a command, return whether an option makes it say what it would do, and do nothing."""
    line = command.line[:_LONGEST]
    return _ONLY_TELLS.search(line) is not None or any(
        programs.fullmatch(command.program) and options.search(line) for programs, options in _SHORT_FOR_IT
    )


def program_losses(command: Command) -> tuple[str, ...]:
    """Given a command, return in words what its program destroys with these arguments; empty: nothing."""
    line = command.line[:_LONGEST]
    verbs = (
        what
        for what, programs, verb in _SUBCOMMANDS
        if programs.fullmatch(command.program) and has_subcommand(line, verb)
    )
    patterns = (
        what
        for what, programs, arguments in _PATTERNS
        if programs.fullmatch(command.program) and re.search(arguments, line, re.DOTALL)
    )
    return (*verbs, *patterns)
