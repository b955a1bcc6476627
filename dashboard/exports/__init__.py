"""Files for analysts: what a page shows, or the rows behind it, as CSV with its about.md, Excel workbook or Parquet. No Streamlit; nothing is made before it is asked for.

    order = exports.of_result(result, dialect="semicolon", lang="fr")             # the same Result the page drew
    order = exports.of_rows("visits", sel, narrow={"terminal": "TCE"}, dialect="comma", lang="en")
    order = exports.of_table(frame, "Constants", port="MACAS", build_id=build_id) # a table a page words itself
    url = exports.link(order)                  # "/export/<one-time token>/smartport_visits_2026-09-07_2026-10-04.zip": CSV and about.md
    url = exports.link(order, form="csv")      # the CSV alone; also xlsx, parquet, about
    exports.too_long(order, "xlsx")            # rows, where a sheet cannot hold them
    exports.make(order, "parquet", folder)     # the same file on disk (command line, tests); exports.write gives CSV and about.md
    exports.link(exports.of_paper("smartport_briefing", make_bytes), form="pdf")   # a paper, made when it is fetched
Links work once and for a quarter of an hour; making one costs nothing, the file is made when it is fetched.
"""

from __future__ import annotations

from dashboard.exports.dialects import DIALECTS, Dialect
from dashboard.exports.files import FORMS, Order, make, of_result, of_rows, of_table, too_long, write, write_parquet, write_xlsx
from dashboard.exports.links import link
from dashboard.exports.papers import PaperOrder, of_paper
from dashboard.exports.workbook import MOST_ROWS

__all__ = ["DIALECTS", "FORMS", "MOST_ROWS", "Dialect", "Order", "PaperOrder", "link", "make", "of_paper", "of_result", "of_rows", "of_table", "too_long", "write", "write_parquet", "write_xlsx"]
