"""Trucks through servers: a discrete-event loop with first-come-first-served queues. Waits come out of it; none is drawn."""

from __future__ import annotations

from array import array
from heapq import heapify, heappop, heappush, heapreplace

import numpy as np

from sample_data.simulator.port import DAY_SHIFT, P_NONE, Servers, Shut

RECORD = ("visit", "leg", "role", "pool", "arrived", "started", "ended", "left", "server")
_INSIDE = 1 << 60
_SHUT_BEFORE_NEXT = 900  # seconds a truck stays away at least before it queues again


class Flow:
    """The state of the port between two days: trucks under way, when each server is next free, which trucks are inside.

    Feed it visits with `add`, move it on with `run`; both a run with the pilot and one without are a Flow of their own.
    """

    def __init__(self, servers: dict[int, Servers]) -> None:
        self.heap: list[tuple[int, int, int]] = []
        self.free = {pool: [(0, server) for server in range(about.count)] for pool, about in servers.items()}
        self.night = {pool: about.night for pool, about in servers.items()}
        self.shut: dict[int, list[tuple[int, int]]] = {pool: [] for pool in servers}
        self.busy: dict[int, int] = {}
        self.visits: dict[int, tuple] = {}

    def copy(self) -> Flow:
        twin = object.__new__(Flow)
        twin.heap, twin.night = list(self.heap), dict(self.night)
        twin.free = {pool: list(free) for pool, free in self.free.items()}
        twin.shut = {pool: list(spans) for pool, spans in self.shut.items()}
        twin.busy, twin.visits = dict(self.busy), dict(self.visits)
        return twin

    def close(self, spans: list[Shut]) -> None:
        for span in spans:
            for pool in span.pools:
                self.shut[pool].append((span.from_s, span.to_s))

    def add(self, first: int, arrive: np.ndarray, legs: np.ndarray, pools: np.ndarray, service: np.ndarray, travel: np.ndarray, hold: np.ndarray, plate: np.ndarray) -> None:
        """Add visits `first`, `first` + 1, ...: one row each; a leg's role is -1 past the last one. All times are whole seconds."""
        rows = zip(legs.tolist(), pools.tolist(), service.tolist(), travel.tolist(), hold.tolist(), plate.tolist(), strict=False)
        for number, row in enumerate(rows, start=first):
            self.visits[number] = row
        self.heap.extend((at, first + index, 0) for index, at in enumerate(arrive.tolist()))
        heapify(self.heap)

    def run(self, until: int) -> np.ndarray:
        """Process every arrival at a server before `until` (seconds UTC). Return int64 records, columns RECORD, in order of arrival."""
        heap, busy, visits, free, night, shut = self.heap, self.busy, self.visits, self.free, self.night, self.shut
        records = array("q")
        opens, closes = DAY_SHIFT
        while heap and heap[0][0] < until:
            at, number, leg = heappop(heap)
            roles, pools, service, travel, hold, plate = visits[number]
            if leg == 0:
                until_then = busy.get(plate, 0)
                if until_then > at:  # the same truck is still inside: it comes back later
                    heappush(heap, (until_then if until_then < _INSIDE else at + 1800, number, 0))
                    continue
                busy[plate] = _INSIDE
            pool = pools[leg]
            start, server = at, 0
            if pool != P_NONE:
                waiting, by_night, spans = free[pool], night[pool], shut[pool]
                while True:
                    ready, server = waiting[0]
                    start = ready if ready > at else at
                    if server >= by_night:
                        of_day = start % 86400
                        if of_day < opens or of_day >= closes:
                            heapreplace(waiting, (start - of_day + (opens if of_day < opens else opens + 86400), server))
                            continue
                    break
                for since, to in spans:
                    if since <= start < to:
                        start = to
                end = start + service[leg]
                heapreplace(waiting, (end, server))
            else:
                end = start + service[leg]
            left = end + hold[leg]
            records.extend((number, leg, roles[leg], pool, at, start, end, left, server))
            leg += 1
            if leg < len(roles) and roles[leg] >= 0:
                heappush(heap, (left + travel[leg], number, leg))
            else:
                busy[plate] = left + _SHUT_BEFORE_NEXT
                del visits[number]
        for pool, spans in shut.items():
            shut[pool] = [span for span in spans if span[1] > until - 86400]
        return np.frombuffer(records, dtype=np.int64).reshape(-1, len(RECORD)).copy()
