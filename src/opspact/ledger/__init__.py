"""What happened: append-only, hash-chained events in SQLite, or in PostgreSQL by URL.

In: events. Out: events, in order, and the proof that none was changed. May not: update or delete.
"""
