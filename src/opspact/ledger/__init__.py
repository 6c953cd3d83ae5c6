"""What happened: append-only, hash-chained events in SQLite, or in PostgreSQL by URL.

In: events. Out: events, in order, and the proof that none was changed. May not: update or delete.

`event` says what an event is and needs no database; `store` opens a ledger, appends and reads; `verify` proves it
whole; `transfer` takes it out and in as text. What is guaranteed, and what is not: docs/decisions/0001-ledger.md.
"""
