"""When mitogen is trusted with a run."""

import pytest

from opspact.fleet import mitogen_support


def test_the_installed_mitogen_fits_the_installed_ansible() -> None:
    found = mitogen_support.find()
    assert found.reason == ""
    assert found.plugins is not None
    assert (found.plugins / "mitogen_linear.py").is_file()


@pytest.mark.parametrize(
    ("mitogen", "core", "expected"),
    [
        ("0.3.54", "2.19.14", ""),
        ("0.3.54", "2.21.5", ""),
        ("0.4.1", "2.19.0rc1", ""),
        ("0.3.54", "2.22.0", "mitogen 0.3.54 is not known to work with ansible-core 2.22.0"),
        ("0.3.54", "2.9.27", "mitogen 0.3.54 is not known to work with ansible-core 2.9.27"),
        ("0.3.9", "2.19.14", "mitogen 0.3.9 is older than 0.3.54"),
        ("0.3.54", "3.0.0", "mitogen 0.3.54 is not known to work with ansible-core 3.0.0"),
    ],
)
def test_versions_that_do_not_fit_are_told(mitogen: str, core: str, expected: str) -> None:
    assert mitogen_support.incompatibility(mitogen=mitogen, ansible_core=core) == expected
