"""The names of Ansible's filters and tests are those that Ansible ships."""

from importlib.resources import files

import pytest

from opspact.resolve.ansible_names import ANSIBLE_FILTERS, ANSIBLE_TESTS


@pytest.mark.parametrize(("kind", "names"), [("filter", ANSIBLE_FILTERS), ("test", ANSIBLE_TESTS)])
def test_what_ansible_ships_is_known_as_its_own(kind: str, names: frozenset[str]) -> None:
    documented = {each.name.removesuffix(".yml") for each in files(f"ansible.plugins.{kind}").iterdir()}
    shipped = {name for name in documented if "." not in name and not name.startswith("_")}
    assert len(shipped) > 40
    assert shipped <= names
