"""Raw rows -> staged rows and rejects: types, code lists, references with their dates, required values, rules. Nothing is dropped.

Every record comes out exactly once, as a good row or as a reject with all its reasons in words. A file whose records do not
add up is refused whole.
"""

from __future__ import annotations

from etl.validate.checked import Checked, check, check_file
from etl.validate.preview import Preview, preview

__all__ = ["Checked", "Preview", "check", "check_file", "preview"]
