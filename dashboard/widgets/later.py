"""What tables and charts need and the first page does not: pandas, which Streamlit and pyarrow import in whichever thread first needs it. A third of a cold start, so it is read after the first page.

Two threads reading it at once left a chart with half a module; here one reads and the others wait.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import sys
import threading

_lock = threading.Lock()
_is_settled = False


def wait() -> None:
    """Return when pandas is whole; reads it where nobody has yet.

    By then every module is there, so what they hold is set aside from the garbage collector: looking through 190,000 objects that never go held up
    one page in twenty by 90 to 125 ms, now by 17.
    """
    global _is_settled
    with _lock:
        importlib.import_module("pandas")
        if not _is_settled:
            gc.freeze()
            atexit.register(gc.unfreeze)  # else DuckDB's binding reports leaks at the end
            _is_settled = True


def begin() -> None:
    """Read it beside whatever comes next."""
    if "pandas" not in sys.modules:
        threading.Thread(target=wait, name="later", daemon=True).start()
