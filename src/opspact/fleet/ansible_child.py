"""The last door before ansible-playbook: it must not outlive the worker that watches it.

Comes in: the worker's pid and ansible-playbook's arguments. Goes out: this process, turned into ansible-playbook.
Started by `fleet.ansible_worker`, through ansible_runner.
"""

import os
import signal
import sys
from pathlib import Path

from opspact.fleet import processes


def main(worker: int, arguments: list[str]) -> None:
    """Given the worker's pid and the arguments, become ansible-playbook, ended by the kernel when the worker ends."""
    processes.end_with_parent(signal.SIGTERM)
    if os.getppid() != worker:  # it ended before we could ask
        return
    program = Path(sys.executable).parent / "ansible-playbook"
    os.execv(program, [str(program), *arguments])  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
