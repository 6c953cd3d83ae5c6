"""The systemd units of the scheduled jobs: when they run, and what they may touch.

In: jobs. Out: the texts of timers and services.

The on-host programs see the host as it is (no private /tmp, no hidden /home: an inspection must see the real disks, a
backup must read everything), but they write only where said here, and what they start can gain no privilege.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import assert_never

from opspact.model import names
from opspact.model.job import HostJob, Job, Sandbox
from opspact.model.time.occurrences import due_days
from opspact.values.schedule import Schedule, on_calendar, on_calendar_days

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
_RESUMED = {"Restart": "on-failure", "RestartSec": "5min", "RestartPreventExitStatus": "1 2 75"}
_AT_MOST = {"StartLimitIntervalSec": "2h", "StartLimitBurst": "6"}
"""A run that was killed, or that asks for it (exit status 74), is gone on with; what was refused is not tried again."""
_OF_DATABASES = frozenset({Sandbox.BACKUP, Sandbox.ARCHIVE, Sandbox.RESTORE})
_KEPT_RUNNING = {"Restart": "on-failure", "RestartSec": "10s"}
_NO_LIMIT = {"StartLimitIntervalSec": "0"}
_GENTLE = {"Nice": "10", "IOSchedulingClass": "best-effort", "IOSchedulingPriority": "7", "IOWeight": "50"}

_ANYWHERE = dict.fromkeys(("ProtectSystem", "ProtectClock", "RestrictSUIDSGID"), "no")
"""Of a restore: it writes where it is asked to, devices too. Somebody waits for it, so it is not gentle."""


def timer(job: Job, zone: str, besides: Sequence[Schedule] = ()) -> str:
    """Given a job and the zone of its schedule, return its timer: to the second, and made up for after a stop.

    `besides`: schedules on which it runs too.
    """
    schedules = (job.schedule, *besides)
    words = "; ".join(schedule.text for schedule in schedules)
    return _timer(
        f"{_title(job)}: {words}", dict.fromkeys(line for each in schedules for line in _lines_of(each, zone))
    )


def _lines_of(schedule: Schedule, zone: str) -> tuple[str, ...]:
    if schedule.days is None:
        return on_calendar(schedule, zone)
    return on_calendar_days(schedule, zone, due_days(schedule, schedule.days.first, schedule.days.last))


def condition_timer(job: Job) -> str:
    """Given a job that runs between its times too when that is needed, return the timer of the looks."""
    return _timer(f"{_title(job)}: hourly, if needed", ["hourly"])


def _timer(description: str, times: Iterable[str]) -> str:
    return _text(
        {
            "Unit": [("Description", _plain(description))],
            "Timer": [
                *(("OnCalendar", value) for value in times),
                ("Persistent", "true"),
                ("AccuracySec", "1s"),
            ],
            "Install": [("WantedBy", "timers.target")],
        }
    )


def service(job: HostJob) -> str:
    """Given a job, return the text of the service that carries it out once on a host."""
    return _service(job, _title(job), _restarts(job))


def condition_service(job: Job) -> str:
    """Given a job whose program knows whether it is needed (`needed`), return the service that runs it only then.

    That a run is still at it is no failure of this service.
    """
    command = _command(names.program(job.kind.program), names.settings(job.key), "needed")
    return _service(job, f"{_title(job)}, if needed", {"ExecCondition": command, "SuccessExitStatus": "75"})


def path(job: Job, folder: str) -> str:
    """Given a job and a folder, return the unit that has it run while a file is in the folder, after a start too."""
    return _text(
        {
            "Unit": [("Description", _plain(f"{_title(job)}: while something is granted"))],
            "Path": [("PathExistsGlob", _plain(f"{folder}/*.json")), ("Unit", f"{job.unit_name}.service")],
            "Install": [("WantedBy", "paths.target")],
        }
    )


def _service(job: HostJob, description: str, more: Mapping[str, str]) -> str:
    databases = " postgresql.service mariadb.service" if job.kind.sandbox in _OF_DATABASES else ""
    order = [("Wants", "network-online.target"), ("After", f"network-online.target{databases}")]
    if job.kind.waits:
        order = []  # what is open is closed without a network, too
    limits = [*(_NO_LIMIT if job.kind.waits else _AT_MOST).items()] if "Restart" in more else []
    conditions = [("ConditionPathExists", f"!{names.REBUILDING}")] if job.kind.is_of_data else []
    words = (names.program(job.kind.program), names.settings(job.key))
    start = _quick_command if job.kind.sandbox is Sandbox.MEMORY else _command
    settings = {"TimeoutStartSec": f"{job.kind.time_limit:.0f}s", "StateDirectoryMode": "0750", **_sandbox(job)}
    return _text(
        {
            "Unit": [("Description", _plain(description)), *order, *conditions, *limits],
            "Service": [
                ("Type", "exec" if job.kind.waits else "oneshot"),
                ("ExecStart", start(*words, job.kind.action)),
                *((("ExecStopPost", f"-{_command(*words, job.kind.cleanup)}"),) if job.kind.cleanup else ()),
                *more.items(),
                *(() if job.kind.account == "root" else (("User", job.kind.account),)),
                *settings.items(),
                *((name, value) for name, value in _GUARD.items() if name not in settings),
            ],
        }
    )


def _quick_command(program: str, *words: str) -> str:
    """Return the command that starts a program of root's, compiled only when it has changed.

    Python keeps compiled modules, and compiles the program itself at each start, which takes longer than most of them
    run. The cache is asked for the program alone: the modules of Python have theirs.
    """
    loading = (
        "import sys; from importlib.machinery import SourceFileLoader",
        f"sys.pycache_prefix = '{names.PROGRAM_CACHE}'",
        f"code = SourceFileLoader('__main__', '{program}').get_code('__main__')",
        "sys.pycache_prefix = None; exec(code)",
    )
    return " ".join(_argument(word) for word in (_PYTHON, "-I", "-S", "-c", "; ".join(loading), *words) if word)


def _command(*words: str) -> str:
    return " ".join(_argument(word) for word in (_PYTHON, *words) if word)


def _restarts(job: HostJob) -> Mapping[str, str]:
    if job.kind.waits:
        return _KEPT_RUNNING
    return _RESUMED if job.kind.is_resumed else {}


def _sandbox(job: HostJob) -> dict[str, str]:
    """Return what the job may write, and how gently it runs. Its spool's parent is made for it."""
    spool = _below("/var/lib", names.spool(job.key)).rpartition("/")[0]
    match job.kind.sandbox:
        case Sandbox.NOTHING | Sandbox.ACCOUNTS:
            # Accounts have something everywhere: in /etc, homes, crontabs, rules of sudo.
            writable = {"ProtectSystem": "no"} if job.kind.sandbox is Sandbox.ACCOUNTS else {}
            return {"StateDirectory": spool, **writable, **(_GENTLE if job.kind.is_heavy else {})}
        case Sandbox.MEMORY:
            return {
                "StateDirectory": spool,
                "RuntimeDirectory": _below("/run", f"{names.INSPECTION_RUNTIME}/{job.name}"),
                "RuntimeDirectoryMode": "0700",
                "CacheDirectory": _below("/var/cache", names.PROGRAM_CACHE),
                "CacheDirectoryMode": "0700",
            }
        case Sandbox.BACKUP:
            return {
                "StateDirectory": " ".join(
                    (spool, *(_below("/var/lib", folder) for folder in (names.BORG_STATE, names.ROLES_FOLDER)))
                ),
                "CacheDirectory": _below("/var/cache", names.BORG_CACHE),
                "CacheDirectoryMode": "0750",
                "RuntimeDirectory": _below("/run", f"{names.BORGMATIC_RUNTIME}/{job.name}"),
                "RuntimeDirectoryMode": "0755",
                "ReadWritePaths": "/tmp",  # noqa: S108 - a setting; borgmatic keeps lists of patterns there meanwhile
                **_GENTLE,
            }
        case Sandbox.REPOSITORY:
            return _of_repositories(spool, names.BACKUP_BASE)
        case Sandbox.SCRATCH:
            # Restored folders may have the bit that gives what is made in them their group.
            own = _of_repositories(spool, f"{names.BACKUP_BASE} {names.SCRATCH_FOLDER}")
            return {**own, "RestrictSUIDSGID": "no"}
        case Sandbox.ARCHIVE | Sandbox.RESTORE:
            own = {
                "StateDirectory": f"{spool} {_below('/var/lib', names.BORG_STATE)}",
                "CacheDirectory": _below("/var/cache", names.BORG_CACHE),
                "CacheDirectoryMode": "0750",
            }
            return {**own, **(_ANYWHERE if job.kind.sandbox is Sandbox.RESTORE else {"PrivateTmp": "yes", **_GENTLE})}
        case _:
            assert_never(job.kind.sandbox)


def _of_repositories(spool: str, writable: str) -> dict[str, str]:
    """Return the settings of a job of the account that owns repositories: it may write these, and has no right more."""
    return {
        "StateDirectory": f"{spool} {_below('/var/lib', names.REPOSITORY_STATE)}",
        "ReadWritePaths": writable,
        "ProtectHome": "read-only",
        "PrivateTmp": "yes",
        "CapabilityBoundingSet": "",
        **_GENTLE,
    }


def _below(base: str, folder: str) -> str:
    """Return a folder as systemd wants it: relative to the base that the setting's name stands for."""
    return folder.removeprefix(f"{base}/")


def _title(job: HostJob) -> str:
    return f"opspact {job.kind.name} {job.name}"


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
