"""The codes of everything that can be wrong with what is written, each with its one-line meaning.

Comes in: nothing. Goes out: stable codes for `errors.Problem`.
"""

from enum import StrEnum


class Code(StrEnum):
    """A stable code: never reused, never renumbered."""

    NOT_YAML = "OP001"
    NOT_UTF8 = "OP002"
    TOO_LARGE = "OP003"
    REPEATED_KEY = "OP004"
    CONTROL_CHARACTER = "OP005"
    BAD_ALIAS = "OP006"
    BAD_TAG = "OP007"
    BAD_KEY = "OP008"
    MORE_PROBLEMS = "OP009"
    NOT_A_MAPPING = "OP010"
    KIND_MISSING = "OP011"
    KIND_UNKNOWN = "OP012"
    NAME_MISSING = "OP013"
    NAME_TWICE = "OP014"
    KEY_UNKNOWN = "OP020"
    FIELD_MISSING = "OP021"
    WRONG_TYPE = "OP022"
    NOT_A_CHOICE = "OP023"
    OUT_OF_BOUNDS = "OP024"
    BAD_DURATION = "OP025"
    BAD_SCHEDULE = "OP026"
    BAD_PATTERN = "OP027"
    BAD_SECRET = "OP028"  # noqa: S105 - a code
    BAD_FORM = "OP029"
    NO_POLICIES = "OP030"
    NO_CONTRACT = "OP031"
    TWO_CONTRACTS = "OP032"
    NO_FOLDER = "OP033"
    UNREADABLE_FILE = "OP034"
    NOT_READ = "OP035"
    INVENTORY_FILE = "OP050"
    INVENTORY_YAML = "OP051"
    INVENTORY_SHAPE = "OP052"
    BAD_HOST = "OP053"
    BAD_INI_LINE = "OP054"
    BAD_GROUP = "OP055"
    HOST_IS_GROUP = "OP056"
    NO_HOST = "OP057"
    BAD_VARIABLE = "OP058"
    NOT_STATIC = "OP059"
