"""How much of a file is read at most, so that no input can eat the machine.

Comes in: nothing. Goes out: limits.
"""

POLICY_FILE_BYTES = 1024 * 1024
"""A policy file; a thousand policies fit into it."""

NODES = 200_000
"""Values in one YAML file, aliases written out."""

DEPTH = 50
"""Collections inside collections, aliases written out."""

PROBLEMS_PER_FILE = 100
"""Problems reported for one file; that there are more is reported too."""

SOURCE_CHARACTERS = 240
"""Characters of a written line shown beside a problem."""

TREE_FILE_BYTES = 16 * 1024 * 1024
"""Any file of a contract."""

TREE_BYTES = 256 * 1024 * 1024
"""All files of a contract together."""

TREE_FILES = 20_000
"""Files of a contract."""
