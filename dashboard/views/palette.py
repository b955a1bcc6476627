"""The few colours the charts of congestion, pilot and data quality share; meaning is never carried by colour alone."""

from __future__ import annotations

ACCENT = "#1F5F8B"
SOFT = "rgba(31,95,139,.14)"
WARN = "#A6432D"
QUIET = "#8A94A3"
GRID = "rgba(128,140,155,.22)"
# before the pilot, and since
BEFORE, AFTER = "#8A94A3", "#1F5F8B"
# share classes, light to dark
BLUES: tuple[str, ...] = ("#EEF3F6", "#CFE0EA", "#9FC3D8", "#5F9CBF", "#2B6F9B")
# kinds of rejects: told apart by lightness too, and named in the legend
KINDS: tuple[str, ...] = ("#1F5F8B", "#E0A458", "#7A4E7E", "#5FA8A0", "#A6432D", "#B9C3CE", "#3C4A5A", "#D98BA0", "#8C9A3C", "#6B7FD7")
