"""How MariaDB is asked: as root over its socket, without the settings of whoever asks.

In: nothing. Out: how a command of the client begins, and how it says that no server answers. Part of every program that
asks one.
"""

from __future__ import annotations

import re

CLIENT = ("mariadb", "--no-defaults", "--protocol=socket", "--connect-timeout=10", "--batch")
NO_ANSWER = re.compile(r"ERROR (2002|2003|2006|2013|1040)\b")  # no server, a lost one, too many connections
