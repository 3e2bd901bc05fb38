"""More time for Redis than a request gives it, where a test has to see that it answers.

A request goes on without Redis after a tenth of a second. On busy processors even a server that is
well takes longer now and then, and then each worker rightly computes for itself.
"""

from service.cache import connecting, tiers

PATIENCE = ((connecting, "TIMEOUT", 2.0), (tiers, "_LIMIT", 5.0), (tiers, "_WAIT", 30.0))
