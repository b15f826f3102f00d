"""The path converter ``row_id``: ids of rows in URLs."""

from __future__ import annotations

from django.urls import register_converter
from django.urls.converters import IntConverter


class RowIdConverter(IntConverter):
    """Match the ids that every database can look up. Django 4.2 passes larger ones on, and SQLite raises an error."""

    regex = "[0-9]{1,18}"


#: The name of the converter in URLs.
ROW_ID = "row_id"

register_converter(RowIdConverter, ROW_ID)
