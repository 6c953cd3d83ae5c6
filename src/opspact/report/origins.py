"""Where a wanted fact comes from, said the same way everywhere: file, line, policy, clauses.

Comes in: a step. Goes out: words and data.
"""

from opspact.steps.base import Step


def origin_text(step: Step) -> str:
    """Given a step, return its origins in one line; empty when it has none."""
    return ", ".join(str(origin) for origin in step.origins)


def origin_data(step: Step) -> dict[str, object]:
    """Given a step, return the first origin's policy and line, all origins' clauses, and every origin in full."""
    clauses = sorted({clause for origin in step.origins for clause in origin.clauses})
    first = step.origins[0] if step.origins else None
    return {
        "policy": first.policy if first else "",
        "file": first.place.file if first else "",
        "line": first.place.line if first else 0,
        "clauses": clauses,
        "origins": [
            {
                "policy": origin.policy,
                "file": origin.place.file,
                "line": origin.place.line,
                "clauses": list(origin.clauses),
            }
            for origin in step.origins
        ],
    }
