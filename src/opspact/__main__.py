"""The entry of the program: `opspact`, and `python -m opspact`.

Comes in: signals. Goes out: the program, with those that came while it was loaded: that takes longer than a person
takes to press Ctrl-C. A shell that completes a word is answered without loading it.
"""

import signal
import sys
from importlib import import_module


def run() -> None:
    """Load the program and be it. One signal is kept meanwhile; another of the same kind ends this process at once."""
    if sys.argv[1:2] == ["__complete"]:
        import_module("opspact.cli.candidates").run(sys.argv[2:])
        return
    received: list[int] = []

    def keep(number: int, _frame: object) -> None:
        received.append(number)
        signal.signal(number, signal.SIG_DFL)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, keep)
    import_module("opspact.cli.main").run(received)


if __name__ == "__main__":
    run()
