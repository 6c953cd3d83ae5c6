"""The systemd units of the scheduled jobs: when they run, and what they may touch.

Comes in: what runs, as whom, `OnCalendar=` values. Goes out: the texts of timers and services. Called by compile.jobs.

The on-host programs see the host as it is (no private /tmp, no hidden /home: an inspection must see the real disks, a
backup must read everything), but they write only where said here, and what they start can gain no privilege.
"""

from collections.abc import Iterable, Iterator

FOLDER = "opspact"
"""The jobs' folder below /var/lib, /var/cache and /run."""

_Settings = list[tuple[str, str]]
_GUARD: _Settings = [
    ("UMask", "0027"),
    ("NoNewPrivileges", "yes"),
    ("ProtectSystem", "strict"),
    ("ProtectKernelTunables", "yes"),
    ("ProtectKernelModules", "yes"),
    ("ProtectKernelLogs", "yes"),
    ("ProtectControlGroups", "yes"),
    ("ProtectClock", "yes"),
    ("LockPersonality", "yes"),
    ("RestrictRealtime", "yes"),
    ("RestrictSUIDSGID", "yes"),
    ("RestrictNamespaces", "yes"),
    ("RestrictAddressFamilies", "AF_UNIX AF_INET AF_INET6 AF_NETLINK"),
    ("SystemCallArchitectures", "native"),
]
_GENTLE: _Settings = [
    ("Nice", "10"),
    ("IOSchedulingClass", "best-effort"),
    ("IOSchedulingPriority", "7"),
    ("IOWeight", "50"),
]


def timer_text(title: str, on_calendar: Iterable[str]) -> str:
    """Given what runs and `OnCalendar=` values, return its timer: to the second, and made up for after a stop."""
    due = [("OnCalendar", value) for value in on_calendar]
    return _text(
        Unit=[("Description", _plain(title))],
        Timer=[*due, ("Persistent", "true"), ("AccuracySec", "1s")],
        Install=[("WantedBy", "timers.target")],
    )


def service_text(
    title: str, command: str, *, account: str = "root", low_priority: bool = False, writes: Iterable[str] = ()
) -> str:
    """Given what runs and its command line (words without blanks or quotes), return the service that runs it once.

    As root it may write to its own folders below /var/lib, /var/cache and /run; as another account only to `writes`, which
    must be there and belong to it.
    """
    whom = _as_root() if account == "root" else _as_another(account, tuple(writes))
    return _text(
        Unit=[
            ("Description", _plain(title)),
            ("Wants", "network-online.target"),
            ("After", "network-online.target postgresql.service"),
        ],
        Service=[
            ("Type", "oneshot"),
            ("ExecStart", command.replace("%", "%%").replace("$", "$$")),
            *whom,
            *(_GENTLE if low_priority else []),
            *_GUARD,
        ],
    )


def _as_root() -> _Settings:
    return [
        ("StateDirectory", FOLDER),
        ("CacheDirectory", FOLDER),
        ("RuntimeDirectory", FOLDER),
        ("RuntimeDirectoryPreserve", "yes"),  # another job may be using it
    ]


def _as_another(account: str, writes: tuple[str, ...]) -> _Settings:
    return [
        ("User", account),
        ("CapabilityBoundingSet", ""),
        ("PrivateTmp", "yes"),
        ("ProtectHome", "read-only"),
        # A missing one is told by the program, in plainer words than systemd's.
        *(("ReadWritePaths", f"-{path}") for path in writes),
    ]


def _text(**sections: _Settings) -> str:
    return "\n".join(_lines(sections)) + "\n"


def _lines(sections: dict[str, _Settings]) -> Iterator[str]:
    yield "# Written by opspact; changes made here do not last."
    for section, settings in sections.items():
        yield f"\n[{section}]"
        yield from (f"{name}={value}" for name, value in settings)


def _plain(text: str) -> str:
    """Return text without systemd's specifiers and on one line."""
    return " ".join(text.replace("%", "%%").split())
