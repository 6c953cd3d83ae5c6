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
        ("monday to thursday at 09:00", "0 9 * * mon-thu"),
        ("mon-wed at 02:00", "0 2 * * mon-wed"),
        ("tue-fri at 02:00", "0 2 * * tue-fri"),
        ("weekly on monday-saturday at 02:00", "0 2 * * mon-sat"),
        ("mon-wed, fri at 02:00", "0 2 * * mon-wed,fri"),
        ("fri-mon at 02:00", "0 2 * * fri,sat,sun,mon"),
        ("weekends at 02:00", "0 2 * * sat,sun"),
        ("daily at 02.30", "daily at 02:30"),
        ("every day at 2 and 14", "0 2,14 * * *"),
        ("daily at 14 and 20", "0 14,20 * * *"),
        ("daily at 8am, noon and 8pm", "0 8,12,20 * * *"),
        ("twice daily at 08:00 and 20:00", "0 8,20 * * *"),
        ("twice a day", "0 2,14 * * *"),
        ("every night at 11pm", "daily at 23:00"),
        ("every hour on weekdays", "0 * * * mon-fri"),
        ("every 15 minutes on weekdays", "*/15 * * * mon-fri"),
        ("every quarter hour", "*/15 * * * *"),
        ("every half hour", "*/30 * * * *"),
        ("every half day", "0 */12 * * *"),
        ("first monday at 10:00", "monthly on first monday at 10:00"),
        ("every last friday at 22:00", "monthly on last friday at 22:00"),
        ("every third friday of the month at 22:00", "monthly on third friday at 22:00"),
        ("monthly 1st and 15th at 03:00", "0 3 1,15 * *"),
        ("monthly on day 1 at 03:00 and 15:00", "0 3,15 1 * *"),
        ("first day of the month at 09:00", "monthly on day 1 at 09:00"),
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
        *(
            "monthly on day 15 and day 30 at 10:00",
            "twice a month",
            "every 2 months",
        ),
        *("every 14 days at 09:00", "every 2 days at 02:00", "every second day at 02:00", "every other day at 02:00"),
        *("biweekly on monday at 10:00", "bi-weekly at 10:00", "bimonthly on day 1 at 10:00", "semi-monthly at 10:00"),
        *("every 2nd monday at 10:00", "every third friday at 10:00", "twice a week at 10:00", "day 1 every 2 months"),
        *("monthly on first and third monday at 10:00", "monthly on the first and last day at 10:00"),
        *("monthly on day 30 at 03:00", "mondays of each month at 10:00", "monday of every month at 10:00"),
        *(
            "every night at 11",
            "daily at 8 at night",
            "twice daily at 08:00",
            "daily at 2 and 8pm",
            "daily at 02:00:30",
        ),
        *("monthly on last friday at 03:00 and 15:00", "daily on monday at 02:00", "hourly at 10:30", "every today"),
        *("monthly at 03:00, 1 and 15", "every hour on weekdays at 09:00", "30 0 2 * * *", "0 0 2 ? * 2"),
        *("yearly on 15 march at 09:00", "weekly on day 3 at 10:00", "daily at sunset", "whenever", "@reboot", ""),
    ],
)
def test_what_no_form_says_is_not_put_into_another(written: str) -> None:
    assert "did you mean" not in hint(written)
