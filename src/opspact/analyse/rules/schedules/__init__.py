"""Rules about schedules, windows and jobs that overlap."""
