"""The lab: real Debian hosts with systemd, sshd and PostgreSQL on one machine.

In: a lab's name and its hosts. Out: hosts reached by ssh, and real faults. Standard library only, so that it
runs before any set-up.
"""

from labkit.lab import Lab
from labkit.names import HostSpec, reference_hosts
from labkit.shell import LabError, Result

__all__ = ["HostSpec", "Lab", "LabError", "Result", "reference_hosts"]
