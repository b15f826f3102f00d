"""CSV downloads, streamed in chunks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import StreamingHttpResponse
from django.utils.http import content_disposition_header

from oscar_mpesa.reports.csv_lines import csv_chunks


def streamed_csv(filename: str, header: Sequence[Any], rows: Iterable[Sequence[Any]]) -> StreamingHttpResponse:
    """Return a CSV download in UTF-8 with a BOM; ``rows`` is read while the response is sent.

    ``csv_chunks`` writes the cells. Pass ``rows`` as a generator: it starts after the view's transaction, where
    PostgreSQL can keep its cursor open.
    """
    response = StreamingHttpResponse(csv_chunks(header, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = content_disposition_header(True, filename) or "attachment"
    response["Cache-Control"] = "no-store, private"
    return response
