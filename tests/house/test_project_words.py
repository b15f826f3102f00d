"""No file names a path of a developer's machine, and no secret or generated file is tracked."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests.house.sources import ROOT

HOME_PATH = re.compile(r"(?<![\w.}/-])(/(home|root|Users|work)/\w+|[A-Z]:\\\\?Users)")
TEXT_SUFFIXES = {
    ".py",
    ".md",
    ".cfg",
    ".toml",
    ".ini",
    ".html",
    ".txt",
    ".js",
    ".css",
    ".po",
    ".json",
    ".svg",
    ".yml",
    "",
}


def test_no_file_names_a_path_of_a_home_directory() -> None:
    found = [
        f"{path}:{number}"
        for path in _project_files()
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), start=1)
        if HOME_PATH.search(line)
    ]

    assert found == []


def test_no_secret_or_generated_file_is_tracked() -> None:
    tracked = [str(path) for path in _project_files() if path.name == ".env" or path.suffix in {".pyc", ".sqlite3"}]

    assert tracked == []


def _project_files() -> list[Path]:
    done = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],  # noqa: S607 - the developer's git
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    paths = (Path(line) for line in done.stdout.splitlines())
    return [path for path in paths if path.suffix in TEXT_SUFFIXES | {".pyc", ".sqlite3"} and (ROOT / path).is_file()]
