"""A bucket of tokens a client: so many requests at once, then so many a minute. In memory, bounded."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable


class Buckets:
    """One bucket a client. Not thread-safe: the server's one event loop asks it."""

    def __init__(self, burst: int, per_minute: float, *, most: int = 10_000, clock: Callable[[], float] = time.monotonic) -> None:
        self.burst, self.per_second, self.most, self.clock = burst, per_minute / 60, most, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()  # client -> tokens, at

    def take(self, client: str) -> float:
        """Take a token; return 0, or the seconds until there is one."""
        now = self.clock()
        tokens, at = self._left.pop(client, (float(self.burst), now))
        tokens = min(self.burst, tokens + (now - at) * self.per_second)
        wait = 0.0 if tokens >= 1 else (1 - tokens) / self.per_second
        self._left[client] = (tokens - (not wait), now)
        while len(self._left) > self.most:  # whoever was not seen for longest has a full bucket again
            self._left.popitem(last=False)
        return wait
