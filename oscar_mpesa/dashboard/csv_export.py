"""CSV that a spreadsheet opens safely, streamed line by line however long it is."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import chain, islice
from typing import Any

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from oscar_mpesa.domain.timezone import NAIROBI

#: Excel takes a file for UTF-8 only if it begins so.
BOM = "\ufeff"

#: A spreadsheet runs a cell that begins so, also where it was pasted full-width; OWASP's "CSV injection".
_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")

#: Lines sent at once.
_LINES = 200


def streamed_csv(filename: str, header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """A download of a header and rows, in UTF-8 with a BOM; ``rows`` is read while the answer is sent, never kept.

    Numbers stay numbers, moments are written by the Nairobi clock, None is an empty cell. Text that a spreadsheet
    would run as a formula gets an apostrophe in front. Give ``rows`` as a generator: it begins after the view's
    transaction, where PostgreSQL can hold its cursor open.
    """
    response = StreamingHttpResponse(_chunks(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    response["Cache-Control"] = "no-store, private"
    return response


def safe_cell(value: Any) -> Any:
    """One cell as it may stand in a spreadsheet."""
    if value is None:
        return ""
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        return value
    if isinstance(value, datetime):
        return value.astimezone(NAIROBI).strftime("%Y-%m-%d %H:%M:%S")
    text = str(value)
    return f"'{text}" if text.lstrip(" ").startswith(_BEGINS_A_FORMULA) else text


class _Echo:
    """A file for ``csv.writer`` that keeps nothing: ``writerow`` returns the line."""

    def write(self, line: str) -> str:
        """Hand the line back."""
        return line


def _chunks(header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    # Every text is quoted, so that it stays one cell where a spreadsheet parts cells by semicolons.
    writer: Any = csv.writer(_Echo(), quoting=csv.QUOTE_NONNUMERIC)
    lines = (writer.writerow([safe_cell(cell) for cell in row]) for row in chain([header], rows))
    yield BOM
    while chunk := "".join(islice(lines, _LINES)):
        yield chunk
