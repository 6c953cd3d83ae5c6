"""Calendars, occurrences of schedules, intervals and occupancy: arithmetic on the time line."""
