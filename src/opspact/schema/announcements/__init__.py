"""Readers of official lists of holidays: the JSON that people share, iCalendar, China's notice as it is published.

Comes in: a file's name and bytes. Goes out: the days off and the working days of one year, with their source.
"""
