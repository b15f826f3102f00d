"""Excel files, written row by row to a temporary file. They need the extra ``xlsx``, which installs openpyxl.

The same rows make the same bytes: a file has no time of its own.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.http import FileResponse

from oscar_mpesa.domain.timezone import NAIROBI

#: The rows that a sheet holds, without the header.
MOST_ROWS = 1_048_575

_CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

#: The earliest time that a ZIP archive can name.
_TIME = (1980, 1, 1, 0, 0, 0)

#: Characters that no XML file can hold.
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A sheet's title, its header and its rows, which are read once. ``widths`` are in characters, by column."""

    title: str
    header: Sequence[str]
    rows: Iterable[Sequence[Any]]
    widths: Sequence[int]


def has_xlsx() -> bool:
    """Return whether openpyxl is installed."""
    try:
        import openpyxl  # noqa: F401
    except ImportError:
        return False
    return True


def xlsx_response(filename: str, sheets: Iterable[Sheet]) -> FileResponse:
    """Return a workbook as a download. Each sheet is written before the next one is asked for.

    Numbers and days are cells of their own kind, times are in Nairobi, and text is never a formula.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    write_workbook(file, sheets)
    file.seek(0)
    response = FileResponse(file, as_attachment=True, filename=filename, content_type=_CONTENT_TYPE)
    response["Cache-Control"] = "no-store, private"
    return response


def write_workbook(file: IO[bytes], sheets: Iterable[Sheet]) -> None:
    """Write the sheets to a file."""
    from openpyxl import Workbook
    from openpyxl.writer.excel import ExcelWriter

    workbook = Workbook(write_only=True)
    workbook.properties.creator = "oscar_mpesa"
    workbook.properties.created = workbook.properties.modified = datetime(*_TIME)  # noqa: DTZ001 - Excel knows no zones
    for sheet in sheets:
        _write_sheet(workbook.create_sheet(sheet.title), sheet)
    ExcelWriter(workbook, _TimelessZip(file, "w", ZIP_DEFLATED)).save()


class _TimelessZip(ZipFile):
    """An archive whose members all have the same time."""

    def writestr(self, zinfo_or_arcname: Any, data: Any, *args: Any, **kwargs: Any) -> None:
        """Add data."""
        super().writestr(_member(zinfo_or_arcname), data, *args, **kwargs)

    def write(self, filename: Any, arcname: Any = None, *args: Any, **kwargs: Any) -> None:
        """Add a file."""
        member, source = _member(arcname), Path(filename)
        member.file_size = source.stat().st_size  # so that large files get large headers
        with source.open("rb") as content, self.open(member, "w") as target:
            shutil.copyfileobj(content, target, 64 * 1024)


def _member(name: str) -> ZipInfo:
    member = ZipInfo(name, _TIME)
    member.compress_type = ZIP_DEFLATED
    return member


def _write_sheet(target: Any, sheet: Sheet) -> None:
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter

    for column, width in enumerate(sheet.widths, start=1):
        target.column_dimensions[get_column_letter(column)].width = width
    target.freeze_panes = "A2"
    header = [_cell(target, title) for title in sheet.header]
    for cell in header:
        cell.font = Font(bold=True)
    target.append(header)
    for row in sheet.rows:
        target.append([_cell(target, value) for value in row])


def _cell(target: Any, value: Any) -> Any:
    """Return a cell; None for None. A text that looks like a formula or an error stays a text."""
    from openpyxl.cell import WriteOnlyCell

    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        cell = WriteOnlyCell(target, value.astimezone(NAIROBI).replace(tzinfo=None))
        cell.number_format = "yyyy-mm-dd hh:mm:ss"
    elif isinstance(value, (date, int, Decimal)):
        cell = WriteOnlyCell(target, value)
        if isinstance(value, Decimal):
            cell.number_format = "#,##0.00"
    else:
        cell = WriteOnlyCell(target, _NOT_IN_XML.sub("", str(value)))
        cell.data_type = "s"
    return cell
