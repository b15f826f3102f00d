"""Write an export into a folder that only its owner can read."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from oscar_mpesa.reports.money_export import ExportFile


def prepare(folder: Path) -> None:
    """Create a folder with the mode 0700, or take an empty one. Raises ``OSError`` if it has any files."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty")


def write(folder: Path, files: Iterable[ExportFile]) -> list[Path]:
    """Write each file with the mode 0600, and return the paths. Overwrites nothing.

    Raises ``OSError``, and what reading the rows raises. Then it deletes the files that it has written.
    """
    written: list[Path] = []
    with _removed_after_failure(written):
        for each in files:
            path = folder / each.name
            with _new_file(path) as file:
                written.append(path)
                file.writelines(each.parts)
    return written


@contextmanager
def _removed_after_failure(written: list[Path]) -> Iterator[None]:
    try:
        yield
    except BaseException:
        for path in written:
            path.unlink(missing_ok=True)
        raise


def _new_file(path: Path) -> TextIO:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(descriptor, "w", encoding="utf-8", newline="")
