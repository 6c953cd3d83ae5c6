"""Text that must have a form: what Python would say aloud about it."""

import pytest

from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.validators import managed_path, regular_expression


def test_python_s_thoughts_about_the_future_of_an_expression_are_nobody_s_business() -> None:
    assert regular_expression("[a&&b]") == "[a&&b]"  # a warning would fail the test


@pytest.mark.parametrize("path", ["/lib/systemd/system/oa.service", "/bin/oa", "/var/run/oa"])
def test_what_is_managed_has_one_path(path: str) -> None:
    with pytest.raises(InvalidValueError):
        managed_path(path)
    for real in (f"/usr{path}", "/library", "/var/runtime"):
        assert managed_path(real) == real
