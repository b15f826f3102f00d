"""The project speaks of itself alone: no machine it was written on, nobody's home."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.house.sources import ROOT

SOMEONES_PLACE = re.compile(r"(?<![\w.}/-])(/(home|root|Users|work)/\w+|[A-Z]:\\\\?Users)")
WRITTEN = {".py", ".md", ".cfg", ".toml", ".ini", ".html", ".txt", ".js", ".css", ".po", ".json", ".svg", ".yml", ""}


def test_no_file_names_a_path_of_a_home_directory() -> None:
    found = [
        f"{path}:{number}"
        for path in _files_of_the_project()
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), start=1)
        if SOMEONES_PLACE.search(line)
    ]

    assert found == []


def test_no_secret_or_generated_file_is_tracked() -> None:
    kept = [str(path) for path in _files_of_the_project() if path.name == ".env" or path.suffix in {".pyc", ".sqlite3"}]

    assert kept == []


def _files_of_the_project() -> list[Path]:
    told = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (Path(line) for line in told.stdout.splitlines())
    return [path for path in paths if path.suffix in WRITTEN | {".pyc", ".sqlite3"} and (ROOT / path).is_file()]
