"""The kind `redaction`: from the document to its meaning.

Comes in: the document, its context. Goes out: its meaning; problems are noted in the context.
"""

import re

from opspact.model.policies.redaction import Redaction
from opspact.resolve.context import DocumentContext
from opspact.schema import kinds
from opspact.text.regex import SlowExpression, refuse_slow


def resolve_redaction(document: kinds.Redaction, context: DocumentContext) -> Redaction:
    """Given a redaction as written, return its meaning; an expression whose search could last for hours is refused."""
    patterns = []
    for index, expression in enumerate(document.patterns):
        try:
            refuse_slow(expression)
        except SlowExpression as error:
            message = f"this pattern can take exponential time: {error}"
            hint = "bound the repetitions, such as {1,64}, and do not nest them"
            context.problem("OP140", message, "patterns", index, hint=hint)
        else:
            patterns.append(re.compile(expression))
    return Redaction(
        name=document.name,
        patterns=tuple(patterns),
        instead=document.instead,
        hides=document.hides,
        leaves=document.leaves,
        origin=context.origin(),
    )
