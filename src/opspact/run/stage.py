"""What a run is made of: stages as data, shown before and carried out from the same list.

In: names, words, hosts. Out: runs.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from opspact.errors import Refused
from opspact.structs import Struct, field

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\Z")


class Stage(Struct):
    """One part of a run that is begun and finished as a whole.

    `description` says in words what it does. `hosts` are those that it may write on. `is_repeatable`: carrying it out
    twice does no harm, so that a stage which was begun and never finished may start over. `recovers` names the stage
    just before it, whose failure it makes good: it is carried out only then, and the run has failed in any case.
    """

    name: str
    description: str
    hosts: tuple[str, ...] = ()
    is_repeatable: bool = True
    recovers: str = ""


class Run(Struct):
    """Stages in the order in which they are carried out.

    `procedure` says what is run (`apply`). `arguments` are what it was started with, as JSON values: a resumed run must
    mean the same. Raise Refused for names that are none, and for two stages of one name.
    """

    id: str
    procedure: str
    stages: tuple[Stage, ...]
    arguments: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what could not be resumed."""
        names = [stage.name for stage in self.stages]
        for name in (self.procedure, *names):
            if not _NAME.match(name):
                raise Refused(f'invalid procedure or stage name "{name}"', hint="use lowercase letters, digits, dashes")
        if not names or len(set(names)) < len(names):
            raise Refused(f"run {self.id} needs at least one stage, and a different name for each")

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host that a stage may write on, once, in the order of the stages."""
        return tuple(dict.fromkeys(host for stage in self.stages for host in stage.hosts))


def new_id(procedure: str, now: datetime, word: str) -> str:
    """Given what is run, when, and a random word, return the name of a new run; such names sort by time."""
    return f"{procedure}-{now.astimezone(UTC):%Y%m%dt%H%M%Sz}-{word}"
