"""What the codes of refusals mean: problems that stop a contract from being read or resolved.

Comes in: nothing. Goes out: words by code.
"""

from collections.abc import Mapping
from types import MappingProxyType

from opspact.structs import Struct

_INVISIBLE = "What reviewers cannot see on the screen they cannot review in a pull request."
_GUESS = "opspact never guesses what was meant: a wrong guess would be applied to hosts."
_STRICT = "If a misspelled word were ignored, the commitment behind it would silently not be met."


class Refusal(Struct):
    """One code: what is refused, why it matters, how to fix it, and an example line (may be empty)."""

    code: str
    title: str
    why: str
    remedy: str
    example: str = ""


_ALL = (
    Refusal(
        "OP001",
        "The file is not valid YAML",
        _GUESS,
        "Fix the line that the message names; with `opspact schema`, editors mark it as you type.",
        "a: [1, 2",
    ),
    Refusal("OP002", "The file is not UTF-8", "Chinese text would be garbled.", "Save the file as UTF-8."),
    Refusal(
        "OP003",
        "The file is too large",
        "Nobody can review a file of this size.",
        "Split it; order and directories do not matter.",
    ),
    Refusal(
        "OP004",
        "A key is repeated",
        "YAML would silently use the last one.",
        "Remove one of the two.",
        "rpo: 26h\nrpo: 48h",
    ),
    Refusal(
        "OP005",
        "The file contains an invisible character",
        _INVISIBLE,
        "Remove it, or write it as an escape in quotes.",
    ),
    Refusal("OP006", "An alias cannot be resolved", _INVISIBLE, "Write the value where it is used.", "a: *nowhere"),
    Refusal(
        "OP007",
        "A YAML tag is used",
        "Tags can make YAML run code or build objects.",
        "Write a plain value.",
        "a: !!set {x}",
    ),
    Refusal("OP008", "A key is not text", "Keys are names of fields.", "Use text as the key.", "[1, 2]: x"),
    Refusal(
        "OP009",
        "There are more problems than listed",
        "The remaining problems may be consequences of these.",
        "Fix the listed problems first.",
    ),
    Refusal("OP010", "A document is not a mapping", _GUESS, "Start the document with `kind: …`.", "- kind: team"),
    Refusal("OP011", "A document has no kind", _GUESS, "Add `kind: …` as the first line.", "name: implementation"),
    Refusal("OP012", "The kind is unknown", _STRICT, "Use the kind that the hint suggests.", "kind: tem"),
    Refusal("OP013", "A document has no name", "Other policies refer to it by name.", "Add `name: …`.", "kind: team"),
    Refusal(
        "OP014",
        "Two policies of one kind have the same name",
        "A reference to that name would be ambiguous.",
        "Rename one of them.",
    ),
    Refusal("OP020", "A key is unknown", _STRICT, "Use the key that the hint suggests.", "whithin: 2s"),
    Refusal("OP021", "A required field is missing", _GUESS, "Add the field; `opspact schema KIND` lists all fields."),
    Refusal("OP022", "A value has the wrong type", _GUESS, "Use the type that the message expects.", 'port: "80"'),
    Refusal(
        "OP023",
        "A value is not one of the allowed choices",
        _STRICT,
        "Use one of the listed choices.",
        "keys: exclusiv",
    ),
    Refusal("OP024", "A number or date is out of range", _GUESS, "Use a value within the range.", "port: 70000"),
    Refusal(
        "OP025",
        "A duration is invalid",
        "A bare number, or a bare `5d`, means different things to different people.",
        "Write the unit in full: 30m, 12h, 5 days, 5 working days.",
        "rpo: 5d",
    ),
    Refusal(
        "OP026",
        "A schedule is invalid",
        "A job that never runs looks the same as one that always succeeds.",
        "Use one of the plain forms, or five-field cron.",
        "schedule: every night",
    ),
    Refusal("OP027", "A host pattern is invalid", _GUESS, "Use the syntax of Ansible host patterns.", "hosts: 'web:'"),
    Refusal(
        "OP028",
        "A secret is written in plaintext",
        "Git keeps it forever, and everyone who can read the policies can read it.",
        "Change the secret, store the new one in a vault, and write `secret:vault:NAME`.",
        "passphrase: hunter2",
    ),
    Refusal("OP029", "A value has the wrong format", _GUESS, "Use the format that the message expects."),
    Refusal(
        "OP030",
        "There are no policies",
        "An empty contract commits to nothing.",
        "Pass the contract directory with `--contract DIR`.",
    ),
    Refusal(
        "OP031",
        "There is no document of kind contract",
        "The contract sets the time zone, the period and the language.",
        "Add a document of `kind: contract`.",
    ),
    Refusal(
        "OP032",
        "There is more than one document of kind contract",
        "A repository holds exactly one contract.",
        "Remove all but one.",
    ),
    Refusal(
        "OP033",
        "The contract directory does not exist",
        "There is nothing to read.",
        "Pass the right directory with `--contract DIR`.",
    ),
    Refusal(
        "OP034",
        "A file cannot be read",
        "Its content would silently be ignored.",
        "Fix the file's permissions or its symbolic link.",
    ),
    Refusal(
        "OP035",
        "A file in policies/ is not read",
        "Its author believes that it takes effect.",
        "Rename it to *.yaml if it is a policy; otherwise move it out of policies/.",
    ),
    Refusal(
        "OP040",
        "A secret is not available",
        "Steps that need it can be neither applied nor verified.",
        "Provide it where the reference points, or configure the vault password.",
    ),
    Refusal("OP050", "An inventory file is not used", _STRICT, "Rename or remove the file."),
    Refusal("OP051", "An inventory file is not valid YAML", _GUESS, "Fix the line that the message names."),
    Refusal("OP052", "The inventory has the wrong structure", _GUESS, "Write groups with hosts and children."),
    Refusal(
        "OP053", "A host name or range in the inventory is invalid", _GUESS, "Use the syntax of Ansible inventories."
    ),
    Refusal("OP054", "A line of an INI inventory is invalid", _GUESS, "Use the syntax of Ansible inventories."),
    Refusal("OP055", "A group is invalid", _GUESS, "Rename the group, or remove the cycle."),
    Refusal(
        "OP056",
        "A host and a group have the same name",
        "A host pattern with that name would be ambiguous.",
        "Rename one of them.",
    ),
    Refusal("OP057", "The inventory has no hosts", "There is nothing to maintain.", "Add hosts to the inventory."),
    Refusal("OP058", "An inventory variable is invalid", _GUESS, "Fix it as the message says."),
    Refusal(
        "OP059",
        "The inventory is a script or a plugin",
        "`check` runs nothing from the repository, so that pull requests from strangers can be checked safely.",
        "Pass `--trust-inventory` if you trust the repository.",
    ),
    Refusal(
        "OP100",
        "A host pattern matches no host",
        "The policy would do nothing.",
        "Use a pattern that matches hosts in the inventory.",
    ),
    Refusal("OP101", "Two policies conflict on a host", _GUESS, "Decide which of the two applies."),
    Refusal(
        "OP102",
        "Two services use the same port on a host",
        "Only one of them can listen on it.",
        "Move one of them to another port.",
    ),
    Refusal("OP103", "A reference is unresolved", _STRICT, "Use the name that the hint suggests.", "owner: operation"),
    Refusal("OP104", "A file of the contract is missing", "A policy copies it to hosts.", "Add the file below files/."),
    Refusal(
        "OP105",
        "A backup target is invalid",
        "A copy on the host that it protects is lost together with the host.",
        "Use exactly one other host.",
    ),
    Refusal("OP106", "Two backups cannot share a repository", _GUESS, "Use a separate repository for one of them."),
    Refusal(
        "OP107",
        "Part of a policy matches none of the policy's hosts",
        "It would never take effect.",
        "Choose among the policy's hosts.",
    ),
    Refusal(
        "OP108",
        "A host name is not supported",
        "Host names appear in file names and on command lines.",
        "Rename the host.",
    ),
    Refusal(
        "OP109",
        "A path is reserved for another kind of policy",
        "Two kinds of policies would manage the same path.",
        "Use the kind that manages this path.",
    ),
    Refusal("OP110", "A template cannot be rendered", "The file on the host would be wrong.", "Fix the template."),
    Refusal(
        "OP111",
        "The holidays of a country are unknown",
        "Working days would have to be guessed.",
        "Use a supported country.",
    ),
    Refusal(
        "OP120",
        "An interval ends before it starts, or a time does not exist",
        _GUESS,
        "Correct `from` or `to`; both are in the contract's time zone.",
    ),
    Refusal(
        "OP121",
        "A rotation does not start after the one before it",
        "Which of the two applies would depend on the order of lines.",
        "Sort the rotations by `since`.",
    ),
    Refusal(
        "OP122",
        "No one holds a certificate that a roster requires",
        "No one could be on duty.",
        "Correct the name, or add the certificate to the people who hold it.",
    ),
    Refusal("OP130", "Two documents define the rows of one table", _GUESS, "Define all rows in one document."),
    Refusal(
        "OP140",
        "A redaction pattern can take exponential time",
        "A crafted text would block all redaction.",
        "Bound the repetitions, such as {1,64}, and do not nest them.",
    ),
    Refusal(
        "OP141",
        "A host is in no rollout wave",
        "A change would never be rolled out to it.",
        ("Add a last wave: {percent: 100}."),
    ),
    Refusal(
        "OP142",
        "No service level has this level or milestone",
        "The measurement or approval would never apply.",
        "Use a level or milestone that an sla policy defines.",
    ),
    Refusal(
        "OP143",
        "A host is in two rollouts",
        "In which waves a change reaches it, and which gate counts, would not be clear.",
        "Exclude the host from `hosts` of one of them.",
    ),
    Refusal(
        "OP150",
        "A connection variable of a host is not supported",
        "opspact would connect to the host differently from Ansible.",
        "Change it as the message says.",
    ),
)

REFUSALS: Mapping[str, Refusal] = MappingProxyType({refusal.code: refusal for refusal in _ALL})
"""Every refusal by its code."""
