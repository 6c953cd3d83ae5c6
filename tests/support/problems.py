"""A problem with everything that one can have: a code, a place, what is expected, a hint, the line."""

from opspact.errors import Place, Problem

PROBLEM = Problem(
    "OP022",
    Place("policies/backups.yaml", 14, 9),
    'expected a whole number, got "seven"',
    where="keep.weekly",
    hint="write 7",
    source="  weekly: seven",
)
