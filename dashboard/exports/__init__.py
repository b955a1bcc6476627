"""Files for analysts: what a page shows, or the rows behind it, as CSV with its about.md beside it. No Streamlit; the file is streamed, never held in memory.

    order = exports.of_result(result, dialect="semicolon", lang="fr")             # the same Result the page drew
    order = exports.of_rows("visits", sel, narrow={"terminal": "TCE"}, dialect="comma", lang="en")
    order = exports.of_table(frame, "Constants", port="MACAS", build_id=build_id) # a table a page words itself
    url = exports.link(order)                  # "/export/<one-time token>/smartport_visits_2026-09-07_2026-10-04.zip": CSV and about.md
    url = exports.link(order, form="csv")      # the CSV alone
    url = exports.link(order, form="xlsx")     # the same figures as an Excel workbook (tables and results, not row lists)
    exports.write(order, folder)               # the same files on disk (command line, tests)
Links work once and for a quarter of an hour; making one costs nothing, the file is made when it is fetched.
"""

from __future__ import annotations

from dashboard.exports.dialects import DIALECTS, Dialect
from dashboard.exports.files import Order, of_result, of_rows, of_table, write, write_xlsx
from dashboard.exports.links import link

__all__ = ["DIALECTS", "Dialect", "Order", "link", "of_result", "of_rows", "of_table", "write", "write_xlsx"]
