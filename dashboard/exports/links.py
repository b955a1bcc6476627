"""One-time links: an unguessable token stands for an Order until it is used or a quarter of an hour has passed. In memory, bounded, thread-safe."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict

from dashboard.exports.files import FORMS, Order

PREFIX = "/export"
LIFE_SECONDS = 900
MOST = 20_000

_orders: OrderedDict[str, tuple[float, str, Order]] = OrderedDict()
_lock = threading.Lock()


def link(order: Order, form: str = "zip") -> str:
    """Return the address of the export; form is one of FORMS: zip (CSV and about.md), csv, about, xlsx, parquet. Nothing is made before it is fetched."""
    if form not in FORMS:
        raise ValueError(f"form '{form}' is none of {', '.join(FORMS)}")
    token = secrets.token_urlsafe(32)
    now = time.monotonic()
    with _lock:
        _orders[token] = (now + LIFE_SECONDS, form, order)
        while _orders and (len(_orders) > MOST or next(iter(_orders.values()))[0] < now):
            _orders.popitem(last=False)
    return f"{PREFIX}/{token}/{'about.md' if form == 'about' else f'{order.stem}.{form}'}"


def take(token: str) -> tuple[str, Order] | None:
    """Return (form, order) of a token and use it up; None for one that is unknown, used or too old."""
    with _lock:
        found = _orders.pop(token, None)
    return None if found is None or found[0] < time.monotonic() else found[1:]
