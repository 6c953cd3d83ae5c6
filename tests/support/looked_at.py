"""A host at the door: commands get canned outcomes, packages are installed or not. What was asked is kept."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Said:
    """What a command gave back."""

    stdout: str = ""
    rc: int = 0
    stderr: str = ""


@dataclass(frozen=True)
class Package:
    is_installed: bool


@dataclass
class FakeHost:
    """Every command gets `said`, or the first of `by_word` whose word is in the command or its arguments."""

    said: Said = field(default_factory=Said)
    by_word: dict[str, Said] = field(default_factory=dict)
    installed: bool = True
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def run(self, command: str, *arguments: str) -> Said:
        self.asked.append((command, arguments))
        whole = " ".join((command, *arguments))
        return next((said for word, said in self.by_word.items() if word in whole), self.said)

    def package(self, name: str) -> Package:
        self.asked.append(("package", (name,)))
        return Package(self.installed)
