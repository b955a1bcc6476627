"""One-time links: an unguessable token stands for an Order until it is used or a quarter of an hour has passed. In memory, bounded, thread-safe."""

from __future__ import annotations

import secrets
import threading
import time
from collections import OrderedDict

from dashboard.access import asking
from dashboard.access.viewer import AccessError, Viewer
from dashboard.exports.files import FORMS, Order
from dashboard.exports.papers import PAPERS, PaperOrder

PREFIX = "/export"
LIFE_SECONDS = 900
MOST = 20_000

_orders: OrderedDict[str, tuple[float, str, Order | PaperOrder, Viewer]] = OrderedDict()
_lock = threading.Lock()


def link(order: Order | PaperOrder, form: str = "zip") -> str:
    """Return the address of the export; form is one of FORMS: zip (CSV and about.md), csv, about, xlsx, parquet; of a paper pdf, html or pptx. Nothing is made before it is fetched.

    The file is for whoever asks for the link. Raises AccessError where rows are not open to him.
    """
    forms = tuple(PAPERS) if isinstance(order, PaperOrder) else FORMS
    if form not in forms:
        raise ValueError(f"form '{form}' is none of {', '.join(forms)}")
    viewer = asking.current()
    if isinstance(order, Order) and order.detail is not None:  # single rows, and no figures
        viewer.at(order.port).must("rejects" if order.detail == "rejects" else "rows")
    token = secrets.token_urlsafe(32)
    now = time.monotonic()
    with _lock:
        _orders[token] = (now + LIFE_SECONDS, form, order, viewer)
        while _orders and (len(_orders) > MOST or next(iter(_orders.values()))[0] < now):
            _orders.popitem(last=False)
    return f"{PREFIX}/{token}/{'about.md' if form == 'about' else f'{order.stem}.{form}'}"


def take(token: str) -> tuple[str, Order | PaperOrder] | None:
    """Return (form, order) of a token and use it up; None for one that is unknown, used or too old.

    Raises AccessError for somebody else than whom the link was made for, and for one whose roles or terminals are no longer what they were: what lies in an order was answered for them.
    """
    with _lock:
        found = _orders.pop(token, None)
    if found is None or found[0] < time.monotonic():
        return None
    _until, form, order, viewer = found
    if asking.current() != viewer:
        raise AccessError("other_person")
    return form, order
