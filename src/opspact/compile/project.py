"""An Ansible project as files: site.yml, inventory, host_vars, files. Byte for byte the same for the same input.

Comes in: each host's work, and the inventory's own files. Goes out: paths and bytes; writing them is others' business.
"""

from collections.abc import Mapping
from hashlib import sha256
from importlib.resources import files as resources

from opspact.compile.playbook import group_name, playbook
from opspact.compile.shape import Shape, Work, shapes
from opspact.compile.yaml_text import lines
from opspact.model import names
from opspact.steps import restart
from opspact.steps.base import Step
from opspact.steps.file import File, per_host_key
from opspact.steps.host_program import PROGRAMS
from opspact.steps.table_rows import TableRows
from opspact.structs import Struct


class Project(Struct):
    """The files of an Ansible project by path, and the digest over all of them (SHA-256 in hex)."""

    files: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """Paths and contents in order, each with its length, so that no two projects look alike."""
        whole = sha256()
        for path, data in sorted(self.files.items()):
            whole.update(f"{path}\0{len(data)}\0".encode() + data)
        return whole.hexdigest()


def project(work: Mapping[str, Work], inventory: Mapping[str, bytes]) -> Project:
    """Given each host's work and the inventory's files (`inventory/…` → bytes), return the project that does it."""
    found = shapes(work)
    written: dict[str, bytes] = {**inventory}
    text = playbook(found)
    written["site.yml"] = text.encode()
    if restart.SCRIPT_FILE in text:
        written[f"files/{restart.SCRIPT_FILE}"] = restart.SCRIPT.encode()
    written |= {f"files/{it.source}": it.content.data for it in PROGRAMS if it.source in text}
    written["ansible.cfg"] = _data("ansible.cfg")
    written["lookup_plugins/opspact_secret.py"] = _data("opspact_secret.py")
    written[names.SHAPES_FILE] = _shapes_inventory(found).encode()
    for shape in found:
        written |= _host_variables(shape, work)
        for of_host in {id(work[host]): work[host] for host in shape.hosts}.values():
            for step in of_host.make:
                if isinstance(step, File | TableRows):
                    written[f"files/{step.source}"] = step.content.data
    return Project(written)


def _shapes_inventory(found: tuple[Shape, ...]) -> str:
    text = ["---", "all:", "  children:" if found else "  children: {}"]
    for shape in found:
        text += [f"    {group_name(shape)}:", "      hosts:"]
        text += [f"        {_key(host)}:" for host in shape.hosts]
    return "\n".join(text) + "\n"


def _key(host: str) -> str:
    return next(iter(lines({host: {}}))).removesuffix(": {}")


def _host_variables(shape: Shape, work: Mapping[str, Work]) -> dict[str, bytes]:
    """Return `host_vars/HOST.yml` for hosts of a shape with files of their own: which content goes where."""
    if not shape.varying:
        return {}
    varying = [
        (position, step.path)
        for position, step in enumerate(shape.work.make)
        if isinstance(step, File) and step.path in shape.varying
    ]
    written = {}
    for host in shape.hosts:
        sources = {per_host_key(path): _source(work[host].make[position]) for position, path in varying}
        written[f"host_vars/{host}.yml"] = ("\n".join(["---", *lines({"opspact_files": sources})]) + "\n").encode()
    return written


def _source(step: Step) -> str:
    """Return the name of a file's content in `files/`. Hosts of one shape have files at the same positions."""
    assert isinstance(step, File)
    return step.source


def _data(name: str) -> bytes:
    return resources("opspact.compile").joinpath("data", name).read_bytes()
