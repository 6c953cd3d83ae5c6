"""The systemd units of the scheduled jobs: when they run, and what they may touch.

Comes in: names of policies, `OnCalendar=` values. Goes out: the texts of timers and services.

The on-host programs see the host as it is (no private /tmp, no hidden /home: an inspection must see the real disks, a
backup must read everything), but they write only where said here, and what they start can gain no privilege.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from opspact.model import names

RUNTIME = "opspact/borgmatic"  # below /run
_PYTHON = "/usr/bin/python3"
_GUARD = {
    "NoNewPrivileges": "yes",
    "ProtectSystem": "strict",
    "ProtectKernelTunables": "yes",
    "ProtectKernelModules": "yes",
    "ProtectKernelLogs": "yes",
    "ProtectControlGroups": "yes",
    "ProtectClock": "yes",
    "LockPersonality": "yes",
    "RestrictRealtime": "yes",
    "RestrictSUIDSGID": "yes",
    "RestrictNamespaces": "yes",
    "SystemCallArchitectures": "native",
    "RestrictAddressFamilies": "AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "UMask": "0027",
}
_GENTLE = {"Nice": "10", "IOSchedulingClass": "best-effort", "IOSchedulingPriority": "7", "IOWeight": "50"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    title: str
    command: Sequence[str]
    settings: dict[str, str]
    after: str = ""


def timer(title: str, on_calendar: Iterable[str]) -> str:
    """Given what runs and `OnCalendar=` values, return its timer: to the second, and made up for after a stop."""
    return _text(
        {
            "Unit": [("Description", _plain(title))],
            "Timer": [
                *(("OnCalendar", value) for value in on_calendar),
                ("Persistent", "true"),
                ("AccuracySec", "1s"),
            ],
            "Install": [("WantedBy", "timers.target")],
        }
    )


def inspection_service(policy: str) -> str:
    """Given an inspection policy's name, return the text of the service that looks at the host once."""
    command = (_PYTHON, names.program("inspection"), names.settings("inspection", policy))
    settings = {
        "StateDirectory": "opspact/spool/inspection",
        "StateDirectoryMode": "0750",
        "TimeoutStartSec": "15min",
    }
    return _service(_Job(title=f"opspact inspection {policy}", command=command, settings=settings))


def backup_service(policy: str) -> str:
    """Given a backup policy's name, return the text of the service that makes one backup of the host."""
    command = (_PYTHON, names.program("backup"), names.settings("backup", policy))
    settings = {
        "StateDirectory": "opspact/spool/backup opspact/borg",
        "StateDirectoryMode": "0750",
        "CacheDirectory": "opspact/borg",
        "CacheDirectoryMode": "0750",
        "RuntimeDirectory": f"{RUNTIME}/{policy}",
        "RuntimeDirectoryMode": "0755",
        "ReadWritePaths": "/tmp",  # noqa: S108 - systemd's setting; borgmatic keeps lists of patterns there while it runs
        **_GENTLE,
    }
    return _service(
        _Job(title=f"opspact backup {policy}", command=command, settings=settings, after="postgresql.service")
    )


def repository_service(policy: str, action: str, *, account: str, base: str) -> str:
    """Given the policy and action (`prune` or `check`) of a repository job, return its service's text.

    It runs on the backup server as the account that owns the repositories below `base`.
    """
    command = (_PYTHON, names.program("repository"), names.settings("repository", policy), action)
    settings = {
        "User": account,
        "StateDirectory": "opspact/spool/repository opspact/repository",
        "StateDirectoryMode": "0750",
        "ReadWritePaths": base,
        "ProtectHome": "read-only",
        "PrivateTmp": "yes",
        "CapabilityBoundingSet": "",
        **_GENTLE,
    }
    return _service(_Job(title=f"opspact {action} of repository {policy}", command=command, settings=settings))


def _service(job: _Job) -> str:
    after = f"network-online.target {job.after}".strip()
    return _text(
        {
            "Unit": [("Description", _plain(job.title)), ("Wants", "network-online.target"), ("After", after)],
            "Service": [
                ("Type", "oneshot"),
                ("ExecStart", " ".join(map(_argument, job.command))),
                *job.settings.items(),
                *((name, value) for name, value in _GUARD.items() if name not in job.settings),
            ],
        }
    )


def _text(sections: dict[str, list[tuple[str, str]]]) -> str:
    return "\n".join(_lines(sections)) + "\n"


def _lines(sections: dict[str, list[tuple[str, str]]]) -> Iterator[str]:
    yield "# Written by opspact; changes made here do not last."
    for section, settings in sections.items():
        yield ""
        yield f"[{section}]"
        for name, value in settings:
            yield f"{name}={value}"


def _plain(text: str) -> str:
    """Return text without systemd's specifiers and on one line."""
    return " ".join(text.replace("%", "%%").split())


def _argument(text: str) -> str:
    """Return a word of a command line as systemd reads it (systemd.service(5), «Command lines»)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{escaped}"' if set(escaped) & set(" \t\"';\\") or not escaped else escaped
