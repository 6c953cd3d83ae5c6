"""One type each for schedules, durations, ages, periods, hours, shares, targets, recipients and references to secrets.

What is written and what it means share them. In: nothing. Out: frozen values. May not: import anything of ours above.
"""
