"""What people write for a schedule, and the form that says the same; none where none says it."""

import pytest

from opspact.schema.value_error import InvalidValueError
from opspact.schema.values.schedules import parse_schedule


def hint(text: str) -> str:
    with pytest.raises(InvalidValueError) as refused:
        parse_schedule(text)
    return refused.value.hint


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("every day at 02:00", "daily at 02:00"),
        ("daily 02:00", "daily at 02:00"),
        ("dayly at 07:30", "daily at 07:30"),
        ("montly on last day at 18:00", "monthly on last day at 18:00"),
        ("daily at 2:00", "daily at 02:00"),
        ("daily at 2pm", "daily at 14:00"),
        ("daily at 12 am", "daily at 00:00"),
        ("nightly at 23:30", "daily at 23:30"),
        ("daily at 02:00 and 14:00", "0 2,14 * * *"),
        ("every hour at :45", "hourly at :45"),
        ("hourly at 00:30", "hourly at :30"),
        ("every 15 minutes", "*/15 * * * *"),
        ("every 2 hours", "0 */2 * * *"),
        ("mondays at 09:00", "weekly on monday at 09:00"),
        ("every Monday at 9am", "weekly on monday at 09:00"),
        ("weekly on mon at 02:00", "weekly on monday at 02:00"),
        ("weekly on monday and thursday at 02:00", "0 2 * * mon,thu"),
        ("daily on weekdays at 09:00", "0 9 * * mon-fri"),
        ("monday to friday at 09:00", "0 9 * * mon-fri"),
        ("monthly on the 15th at 09:00", "monthly on day 15 at 09:00"),
        ("monthly on day 31 at 03:00", "monthly on last day at 03:00"),
        ("first Monday of the month at 09:00", "monthly on first monday at 09:00"),
        ("monthly on monday at 09:00", "monthly on first monday at 09:00"),
        ("end of month at 18:00", "monthly on last day at 18:00"),
        ("quarterly on 1st monday at 10:00", "quarterly on first monday at 10:00"),
        ("quarterly on 15 at 10:00", "quarterly on day 15 at 10:00"),
        ("every 3 months on last friday at 10:00", "quarterly on last friday at 10:00"),
        ("half-yearly at 10:00", "0 10 1 1,7 *"),
        ("yearly at 09:00", "0 9 1 1 *"),
        ("@daily", "daily at 00:00"),
        ("0 0 2 ? * MON", "0 2 * * MON"),
        ("*-*-* 02:00:00", "daily at 02:00"),
        ("Mon *-*-* 02:00", "weekly on monday at 02:00"),
    ],
)
def test_a_schedule_that_is_nearly_one_gets_the_right_form(written: str, meant: str) -> None:
    assert hint(written) == f'did you mean "{meant}"?'
    parse_schedule(meant)


@pytest.mark.parametrize(
    "written",
    [
        *("daily at 24:00", "daily at 25:00", "daily at 02:00 and 14:30", "daily except sunday at 02:00"),
        *("every 7 hours", "every 90 minutes", "every 2 weeks on monday at 09:00", "every other monday at 09:00"),
        *("monthly on fifth monday at 10:00", "monthly on 5th monday at 10:00", "monthly on last working day at 09:00"),
        *("monthly on day 15 and day 30 at 10:00", "twice a month", "every 2 months", "monday to thursday at 09:00"),
        *("yearly on 15 march at 09:00", "weekly on day 3 at 10:00", "daily at sunset", "whenever", "@reboot", ""),
    ],
)
def test_what_no_form_says_is_not_put_into_another(written: str) -> None:
    assert "did you mean" not in hint(written)
