"""Work beside duty that policies give people: visits, trainings, stock counts, inspections that somebody reads.

Comes in: what `resolve` made of the document. Goes out: frozen values, held by the contract.
"""

from opspact.structs import Struct
from opspact.values.duration import Duration
from opspact.values.schedule import Schedule


class AssignedWork(Struct):
    """Work beside duty: by which team or person (`people`: who that is), when, and how long it takes each time.

    `policy` says so: a visit, a training that is held on a schedule, a stock count, an inspection that somebody reads.
    """

    policy: str
    by: str
    people: tuple[str, ...]
    schedule: Schedule
    takes: Duration
