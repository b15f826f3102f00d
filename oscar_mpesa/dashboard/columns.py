"""Column settings that the dashboard's tables share."""

from __future__ import annotations

#: Columns that a telephone's screen leaves to the page of the row itself, and those that it breaks into lines.
WIDE_ONLY = {"th": {"scope": "col", "class": "d-none d-md-table-cell"}, "td": {"class": "d-none d-md-table-cell"}}


WRAPS = {"th": {"scope": "col"}, "td": {"class": "mpesa-wraps"}}
