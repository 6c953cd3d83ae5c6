"""What the codes of refusals mean: problems that keep a contract from being read or resolved at all.

Comes in: nothing. Goes out: words by code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_SEEN = "What cannot be seen on the screen cannot be reviewed in a pull request."
_GUESS = "opspact never guesses what was meant: a wrong guess would be applied to hosts."
_STRICT = "A misspelt word that is passed over is a promise that nobody keeps."


@dataclass(frozen=True, slots=True)
class Refusal:
    """One code: what is refused, why it matters, how to mend it, and a line that shows it (may be empty)."""

    code: str
    title: str
    why: str
    remedy: str
    example: str = ""


_ALL = (
    Refusal(
        "OP001", "The file is no YAML", _GUESS, "Mend the line; editors show it with `opspact schema`.", "a: [1, 2"
    ),
    Refusal("OP002", "The file is not UTF-8", "Chinese texts would come out wrong.", "Save the file as UTF-8."),
    Refusal("OP003", "The file is too large", "Nobody can review it.", "Split it: files and folders mean nothing."),
    Refusal(
        "OP004",
        "A key stands there twice",
        "YAML would take the last one without a word.",
        "Remove one of the two.",
        "rpo: 26h\nrpo: 48h",
    ),
    Refusal("OP005", "A character cannot be seen", _SEEN, "Take it out, or write it as an escape in quotes."),
    Refusal("OP006", "An alias cannot be followed", _SEEN, "Write the value out where it is used.", "a: *nowhere"),
    Refusal("OP007", "A tag is used", "Tags make YAML run or build things.", "Write plain values.", "a: !!set {x}"),
    Refusal("OP008", "A key is no word", "Keys are names.", "Write a word as the key.", "[1, 2]: x"),
    Refusal("OP009", "There are more problems than are told", "The rest may follow from these.", "Mend these first."),
    Refusal("OP010", "A document is no mapping", _GUESS, "Begin it with `kind: …`.", "- kind: team"),
    Refusal("OP011", "A document has no kind", _GUESS, "Add `kind: …` as its first line.", "name: implementation"),
    Refusal("OP012", "There is no such kind", _STRICT, "Use the kind that the hint names.", "kind: tem"),
    Refusal("OP013", "A document has no name", "Others refer to it by name.", "Add `name: …`.", "kind: team"),
    Refusal("OP014", "Two policies of a kind share a name", "A reference could mean either.", "Rename one of them."),
    Refusal("OP020", "A key is not known", _STRICT, "Use the key that the hint names.", "whithin: 2s"),
    Refusal("OP021", "A field is missing", _GUESS, "Add it; `opspact schema KIND` lists the fields."),
    Refusal("OP022", "A value has the wrong type", _GUESS, "Write what the message expects.", 'port: "80"'),
    Refusal("OP023", "A value is none of the choices", _STRICT, "Use one of those named.", "keys: exclusiv"),
    Refusal("OP024", "A number or a day is out of bounds", _GUESS, "Write one within the bounds.", "port: 70000"),
    Refusal(
        "OP025",
        "A duration cannot be read",
        "A bare number or a bare `5d` means different times to different people.",
        "Write the unit out: 30m, 12h, 5 days, 5 working days.",
        "rpo: 5d",
    ),
    Refusal(
        "OP026",
        "A schedule cannot be read",
        "A job that never runs looks like one that is in order.",
        "Write one of the plain forms, or five fields of cron.",
        "schedule: every night",
    ),
    Refusal("OP027", "A host pattern cannot be read", _GUESS, "Write it as Ansible does.", "hosts: 'web:'"),
    Refusal(
        "OP028",
        "A secret is written down",
        "Git keeps it for ever, and everybody who reads the policies reads it.",
        "Keep it in a vault, and write `secret:vault:NAME`. Change the secret: it is known now.",
        "passphrase: hunter2",
    ),
    Refusal("OP029", "A value does not have the form that it needs", _GUESS, "Write it as the message says."),
    Refusal("OP030", "There are no policies", "Nothing would be promised.", "Name the contract's folder."),
    Refusal("OP031", "No document is the contract", "Zone, period and language are needed.", "Add `kind: contract`."),
    Refusal("OP032", "Two documents are the contract", "A repository holds one.", "Remove one of them."),
    Refusal("OP033", "There is no such folder", "Nothing can be read.", "Name it with `--contract DIR`."),
    Refusal(
        "OP034", "A file cannot be read", "What stands in it would be passed over.", "Mend its rights or the link."
    ),
    Refusal(
        "OP035",
        "A file among the policies is not read",
        "Whoever wrote it believes that it counts.",
        "Call it *.yaml if it is a policy; else move it out of policies/.",
    ),
    Refusal(
        "OP040",
        "A secret is not at hand",
        "Steps that need it cannot be made or looked at.",
        "Put it where the reference says, or name the vault's password.",
    ),
    Refusal("OP050", "A file of the inventory is not used", _STRICT, "Rename or remove it."),
    Refusal("OP051", "A file of the inventory is no YAML", _GUESS, "Mend the line."),
    Refusal("OP052", "The inventory does not have the form of one", _GUESS, "Write groups with hosts and children."),
    Refusal("OP053", "A host is written in a way that cannot be read", _GUESS, "Write it as Ansible does."),
    Refusal("OP054", "A line of an INI inventory cannot be read", _GUESS, "Write it as Ansible does."),
    Refusal("OP055", "A group cannot be what is written", _GUESS, "Give it another name, or end the circle."),
    Refusal("OP056", "A host and a group share a name", "A pattern could mean either.", "Rename one of them."),
    Refusal("OP057", "The inventory has no host", "Nothing would be maintained.", "Add hosts."),
    Refusal("OP058", "A variable of the inventory cannot be read", _GUESS, "Mend it as the message says."),
    Refusal(
        "OP059",
        "The inventory is a program or a plugin",
        "`check` runs nothing from the repository, so that a pull request of a stranger can be checked.",
        "Say `--trust-inventory` where you trust it.",
    ),
    Refusal("OP100", "A host pattern chooses no host", "The policy would do nothing.", "Choose hosts that are there."),
    Refusal("OP101", "Two policies want different things of one host", _GUESS, "Decide which one it is."),
    Refusal("OP102", "Two services listen on one port of a host", "Only one can.", "Give one of them another port."),
    Refusal("OP103", "A name refers to nothing", _STRICT, "Use the name that the hint proposes.", "owner: operation"),
    Refusal("OP104", "A file of the contract is not there", "It would have been copied.", "Add it below files/."),
    Refusal(
        "OP105",
        "A backup's target cannot keep it",
        "A copy on the host that it protects is lost with the host.",
        "Name one other host.",
    ),
    Refusal("OP106", "Two backups cannot share their repository", _GUESS, "Give one of them its own."),
    Refusal(
        "OP107", "A part of a policy applies to none of its hosts", "It would never be done.", "Choose among them."
    ),
    Refusal("OP108", "A host cannot be called so", "Its name stands in files and on command lines.", "Rename it."),
    Refusal("OP109", "A path is not a service's to write", "Another kind of policy keeps it.", "Use that kind."),
    Refusal("OP110", "A template cannot be filled in", "The file would be wrong on the host.", "Mend the template."),
    Refusal("OP111", "A country's holidays are not known", "Working days would be guessed.", "Write another country."),
    Refusal("OP120", "An interval ends before it begins", _GUESS, "Mend from or to; both are in the contract's zone."),
    Refusal(
        "OP121",
        "A rotation does not begin after the one before it",
        "Which of the two holds on a day would depend on the order of lines.",
        "Put the rotations in the order of their since.",
    ),
    Refusal(
        "OP122",
        "Nobody has a certificate that a roster asks for",
        "Nobody could ever be on duty.",
        "Mend the name, or add the certificate to the people who have it.",
    ),
    Refusal("OP130", "Two documents say the rows of one table", _GUESS, "Write all rows in one document."),
    Refusal(
        "OP140",
        "A pattern could search for hours",
        "A text made for it would stop everything that is to be redacted.",
        "Bound the repeats, such as {1,64}, and repeat no group that repeats itself.",
    ),
    Refusal("OP141", "A host is in no wave", "A change would never reach it.", "End with {percent: 100}."),
    Refusal(
        "OP142",
        "No service levels have such a level or milestone",
        "What is measured or asked for there never happens.",
        "Write a level or milestone that an sla policy has.",
    ),
    Refusal(
        "OP150",
        "A connection variable of a host cannot be used",
        "The host would be reached in another way than Ansible reaches it.",
        "Write it as the message says.",
    ),
)

REFUSALS: Mapping[str, Refusal] = MappingProxyType({refusal.code: refusal for refusal in _ALL})
"""Every refusal by its code."""
