"""Formatting for people: durations, sizes, instants, lists of names, suggestions, characters.

In: values. Out: text. May not: import anything of ours.
"""
