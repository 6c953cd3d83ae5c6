"""Text that must have a form: what Python would say aloud about it."""

from opspact.schema.values.validators import regular_expression


def test_python_s_thoughts_about_the_future_of_an_expression_are_nobody_s_business() -> None:
    assert regular_expression("[a&&b]") == "[a&&b]"  # a warning would fail the test
