"""What happened: append-only, hash-chained events in SQLite, or in PostgreSQL by URL.

In: typed events. Out: typed events, in order, and the proof that none was changed. May not: update or delete; nobody
outside sees the raw body of an event.

`events` is the closed union of event types, `event` the sealed envelope; both need no database. `store` opens a ledger,
records and reads; `verify` proves it intact; `transfer` takes it out and in as text. What is guaranteed, and what is
not: docs/decisions/0001-ledger.md.
"""
