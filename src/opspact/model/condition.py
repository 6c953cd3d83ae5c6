"""Conditions over values: what must be so for a step to be carried out, or to have succeeded.

Comes in: what `resolve` made of the document. Goes out: frozen values that judge texts by name.
"""

import re
from collections.abc import Iterator, Mapping

from opspact.structs import Struct


class Comparison(Struct):
    """What one value must be; all that is given must hold (None, or no choice: not asked)."""

    equals: str | None = None
    differs_from: str | None = None
    one_of: tuple[str, ...] = ()
    contains: str | None = None
    matches: str | None = None
    above: int | None = None
    below: int | None = None

    def holds(self, value: str) -> bool:
        """Given a value, return whether all that is given holds. Raise ValueError when a number is needed, and none."""
        return all(self._answers(value))

    def _answers(self, value: str) -> Iterator[bool]:
        if self.equals is not None:
            yield value == self.equals
        if self.differs_from is not None:
            yield value != self.differs_from
        if self.one_of:
            yield value in self.one_of
        if self.contains is not None:
            yield self.contains in value
        if self.matches is not None:
            yield re.fullmatch(self.matches, value) is not None
        if self.above is not None:
            yield value != "" and float(value) > self.above  # an empty text, a value that is missing: neither holds
        if self.below is not None:
            yield value != "" and float(value) < self.below

    def words(self) -> str:
        """Return it in words, after the name of the value."""
        said = (
            (self.equals is not None, f'is "{self.equals}"'),
            (self.differs_from is not None, f'is not "{self.differs_from}"'),
            (bool(self.one_of), f"is one of {', '.join(self.one_of)}"),
            (self.contains is not None, f'contains "{self.contains}"'),
            (self.matches is not None, f'matches "{self.matches}"'),
            (self.above is not None, f"is above {self.above}"),
            (self.below is not None, f"is below {self.below}"),
        )
        return " and ".join(words for is_given, words in said if is_given)


class Term(Struct):
    """A value by its name, or a step's outcome by the step's, and what it must be."""

    name: str
    comparison: Comparison


class Condition(Struct):
    """Alternatives of which one must hold; in each, all terms must. Without alternatives it always holds."""

    alternatives: tuple[tuple[Term, ...], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that it asks for, once."""
        return tuple(dict.fromkeys(term.name for terms in self.alternatives for term in terms))

    def holds(self, values: Mapping[str, str]) -> bool:
        """Given values by name (one that is missing is an empty text), return whether the condition holds.

        Raise ValueError, which names the value, when a number is needed and the value is none.
        """
        return not self.alternatives or any(all(_holds(term, values) for term in terms) for terms in self.alternatives)

    def words(self) -> str:
        """Return the condition in words; empty when it always holds."""
        return " or ".join(
            " and ".join(f"{term.name} {term.comparison.words()}" for term in terms) for terms in self.alternatives
        )


def _holds(term: Term, values: Mapping[str, str]) -> bool:
    value = values.get(term.name, "")
    try:
        return term.comparison.holds(value)
    except ValueError as error:
        raise ValueError(f'{term.name} is "{value}", expected a number') from error
