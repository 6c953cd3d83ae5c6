"""The windows of the reference contract, for a lab: its hosts are changed whenever somebody runs it.

In: the policies of windows as text. Out: the same, as a lab can use them.
"""


def at_any_hour(windows: str) -> str:
    """Given policies of windows, return them without maintenance windows, with blackouts that allow changes."""
    kept = [part for part in windows.split("\n---\n") if "\ntype: maintenance\n" not in part]
    return "\n---\n".join(kept).replace("\nallows: [", "\nallows: [apply, ") + "\n" * (kept[-1][-1:] != "\n")
