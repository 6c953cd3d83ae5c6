"""The lab: real Debian hosts with systemd, sshd and PostgreSQL on one machine.

Comes in: a lab's name and its hosts. Goes out: hosts reached by ssh, and faults made for real. Called by `ci/lab`,
`ci/demo`, `ci/bench` and the tests in `tests/lab`. Nothing but the standard library, so that it runs before any set-up.
"""

from labkit.lab import Lab
from labkit.names import HostSpec, reference_hosts
from labkit.shell import LabError, Result

__all__ = ["HostSpec", "Lab", "LabError", "Result", "reference_hosts"]
