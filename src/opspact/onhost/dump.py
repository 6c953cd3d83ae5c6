"""Stand where borgmatic calls `pg_dump`: dump a database to the standard output, and prove that the dump is whole.

Comes in: `dump.py FOLDER ARGUMENT… DATABASE`, the arguments as borgmatic gives them to pg_dump; or `dump.py FOLDER
mariadb ARGUMENT… DATABASE`, which dumps one of MariaDB instead. Goes out: the dump; in FOLDER a file `DATABASE.json`
(`mariadb/DATABASE.json`) of `{"error", "bytes", "sha256", "rows": {"schema.table": number}}`, of MariaDB also
`{"character_set", "collation", "not_transactional": [tables]}`. Run as root with the host's python3 (3.9 or newer) and
the server's own programs and account.

An exit status of 0 does not say that a dump has its end: it is read to its end here, as it is made. Its rows are those
that a restore must give: of PostgreSQL they are counted in the snapshot that the dump is made of, of MariaDB, where no
other session can be given that, in the dump.
Ends with 0 only when the dump is whole.
"""

from __future__ import annotations

import sys
from pathlib import Path

from opspact.onhost.database_name import MARIADB
from opspact.onhost.mariadb_dump import dump_mariadb
from opspact.onhost.postgresql_dump import dump_postgresql
from opspact.onhost.spool import json_bytes, write_atomically


def main(arguments: list[str]) -> int:
    """Given the arguments, write the dump and its proof, and return the exit status."""
    if len(arguments) < 2:  # noqa: PLR2004 - the folder and the database
        sys.stderr.write("usage: dump.py FOLDER [mariadb] ARGUMENT… DATABASE\n")
        return 2
    folder, *rest = arguments
    place, of_mariadb = Path(folder), rest[0] == MARIADB and len(rest) > 1
    try:
        proof = dump_mariadb(rest[-1], sys.stdout.buffer) if of_mariadb else dump_postgresql(rest, sys.stdout.buffer)
    except OSError as error:
        proof = {"error": f"the dump was cut off: {error}", "bytes": 0, "sha256": "", "rows": None}
    place = place / MARIADB if of_mariadb else place
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomically(place / f"{rest[-1]}.json", json_bytes(proof))
    if proof["error"]:
        sys.stderr.write(f"dump.py: {proof['error']}\n")
    return int(bool(proof["error"]))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
