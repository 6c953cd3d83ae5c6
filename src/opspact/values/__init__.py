"""One type each for schedules, ages and secrets, shared by what is written and what it means.

In: nothing. Out: frozen values. May not: import anything of ours above.
"""
