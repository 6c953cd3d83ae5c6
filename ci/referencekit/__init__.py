"""The reference in docs/reference: one page per kind, all codes, all commands, the schemas, an index.

In: the models, the rules, the command line, the reference contract. Out: pages by path, and the table of commands
that completion reads. Written by `ci/reference` and `ci/test --accept`; a test holds that they are current.
"""

from referencekit.completion import completion_table
from referencekit.pages import FOLDER, pages, write

__all__ = ["FOLDER", "completion_table", "pages", "write"]
