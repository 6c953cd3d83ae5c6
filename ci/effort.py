"""How hard tests try: 1 in ci/test, more in ci/soak (OPSPACT_SOAK=N multiplies the examples of every property)."""

import os

EFFORT = int(os.environ.get("OPSPACT_SOAK", "1"))
