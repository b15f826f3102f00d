"""Attributes of columns on narrow screens, shared by the tables."""

from __future__ import annotations

#: A column that narrow screens hide.
WIDE_ONLY = {"th": {"scope": "col", "class": "d-none d-md-table-cell"}, "td": {"class": "d-none d-md-table-cell"}}

#: A column whose text narrow screens wrap.
WRAPS = {"th": {"scope": "col"}, "td": {"class": "mpesa-wraps"}}
