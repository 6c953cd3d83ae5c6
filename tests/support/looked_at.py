"""A host at the door: commands get canned outcomes. What was asked is kept."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Said:
    """What a command gave back."""

    stdout: str = ""
    rc: int = 0
    stderr: str = ""


@dataclass
class FakeHost:
    """Every command gets `said`, or the first of `by_word` whose word is in it."""

    said: Said = field(default_factory=Said)
    by_word: dict[str, Said] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def run(self, command: str) -> Said:
        self.asked.append(command)
        return next((said for word, said in self.by_word.items() if word in command), self.said)
