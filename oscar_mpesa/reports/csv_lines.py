"""Lines of CSV files that spreadsheets open safely."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain, islice
from typing import Any

from oscar_mpesa.domain.timezone import NAIROBI

#: Excel reads a file as UTF-8 only if it begins with this.
BOM = "\ufeff"

#: A spreadsheet runs a cell that begins with one of these, also in full width; see OWASP, "CSV injection".
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

#: Lines in each chunk.
_CHUNK = 200


def safe_cell(value: Any) -> Any:
    """Return a value as a cell that no spreadsheet runs as a formula."""
    if value is None:
        return ""
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return value
    if isinstance(value, datetime):
        return value.astimezone(NAIROBI).strftime("%Y-%m-%d %H:%M:%S")
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text


class _Echo:
    """A file for ``csv.writer`` that stores nothing, so that ``writerow`` returns the line."""

    def write(self, line: str) -> str:
        """Return the line."""
        return line


def csv_chunks(header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Yield the text of a CSV file with a BOM, some lines at a time. Reads ``rows`` meanwhile.

    Numbers stay numbers, times are in Nairobi, and None is an empty cell. Text that a spreadsheet would run as a
    formula gets a leading apostrophe.
    """
    # All text is quoted, because some spreadsheets also split cells at semicolons.
    writer: Any = csv.writer(_Echo(), quoting=csv.QUOTE_NONNUMERIC)
    lines = (writer.writerow([safe_cell(cell) for cell in row]) for row in chain([header], rows))
    yield BOM
    while chunk := "".join(islice(lines, _CHUNK)):
        yield chunk
