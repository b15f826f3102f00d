"""``make matrix``: install each cell, run its tests, and print a table. Needs nothing but Python.

The exit status is 1 if a cell fails, has no Python here, or can't be installed though upstream has the combination.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.matrix.cells import Cell, cells
from tests.matrix.declared import EXTRAS, ROOT

PLACE = ROOT / "build" / "matrix"
HEADER = ("Python", "Django", "Oscar", "Result", "Tests", "Seconds")
PASSED = "passed"


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of a cell. ``is_fine`` also holds for a combination that upstream does not have."""

    cell: Cell
    text: str
    is_fine: bool
    tests: int = 0
    seconds: float = 0

    def columns(self) -> tuple[str, ...]:
        """Return the row of the table."""
        versions = (self.cell.python, self.cell.django, self.cell.oscar)
        kind = " (lowest versions)" if self.cell.is_lowest else ""
        tests = f"{self.tests}" if self.tests else "-"
        return *versions, f"{self.text}{kind}", tests, f"{self.seconds:.0f}"


def main() -> int:
    """Run the matrix, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("--all", action="store_true", help="run all tests in every cell")
    parser.add_argument("--only", default="", help="run only cells whose name contains this, such as py310-dj42")
    options = parser.parse_args()
    PLACE.mkdir(parents=True, exist_ok=True)
    results = []
    for cell in cells():
        if options.only in cell.name:
            results.append(_timed(cell, is_complete=options.all))
            _write(" ".join([cell.name, *results[-1].columns()[3:]]))
    _write("")
    for line in table(results):
        _write(line)
    return 0 if results and all(each.is_fine for each in results) else 1


def table(results: Iterable[Result]) -> Iterator[str]:
    """Yield the lines of the table."""
    rows = [HEADER, *(each.columns() for each in results)]
    widths = [max(len(row[index]) for row in rows) for index in range(len(HEADER))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _timed(cell: Cell, *, is_complete: bool) -> Result:
    started = time.monotonic()
    text, is_fine, tests = _run(cell, is_complete=is_complete)
    return Result(cell=cell, text=text, is_fine=is_fine, tests=tests, seconds=time.monotonic() - started)


def _run(cell: Cell, *, is_complete: bool) -> tuple[str, bool, int]:
    python = shutil.which(f"python{cell.python}")
    if python is None:
        return f"no python{cell.python} on this machine", False, 0
    log = PLACE / f"{cell.name}.log"
    log.unlink(missing_ok=True)
    own_python, reason = _install(cell, python, log)
    if reason:
        return f"not installed: {reason}", bool(cell.gap), 0
    return _test(cell, own_python, log, is_complete=is_complete)


def _install(cell: Cell, python: str, log: Path) -> tuple[str, str]:
    """Install the cell into the environment of its Python; return that Python, and why it could not be installed."""
    environment = PLACE / f"{'lowest-' if cell.is_lowest else ''}py{cell.python}"
    own_python = environment / "bin" / "python"
    if not own_python.exists():
        subprocess.run([python, "-m", "venv", str(environment)], check=True)
    constraints = PLACE / f"{cell.name}.txt"
    constraints.write_text("\n".join([*cell.constraints(), ""]), encoding="utf-8")
    newest = ["--upgrade", "--upgrade-strategy", "eager"]  # another cell of this Python may have left older versions
    words = ["-m", "pip", "install", "--disable-pip-version-check", *newest, "--constraint", str(constraints)]
    is_installed = _call([str(own_python), *words, "--editable", f"{ROOT}[{','.join(EXTRAS)}]"], log)
    return str(own_python), "" if is_installed else cell.gap or _reason(log.read_text(encoding="utf-8"))


def _reason(printed: str) -> str:
    """Return what pip complains about, in one line."""
    errors = re.findall(r"^(?:ERROR|error): (.+)$", printed, re.MULTILINE)
    return errors[0][:90] if errors else "see the log"


def _test(cell: Cell, python: str, log: Path, *, is_complete: bool) -> tuple[str, bool, int]:
    report = PLACE / f"{cell.name}.xml"
    report.unlink(missing_ok=True)
    words = ["-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "2", "--dist", "worksteal", f"--junitxml={report}"]
    is_passed = _call([python, *words, *cell.tests(is_complete=is_complete)], log)
    if not report.exists():
        return f"stopped, see {log.relative_to(ROOT)}", False, 0
    suite = ET.parse(report).getroot().find("testsuite")  # noqa: S314 # pytest has just written it
    counts = {name: int(suite.get(name, "0")) if suite is not None else 0 for name in ("tests", "failures", "errors")}
    failed = counts["failures"] + counts["errors"]
    if failed or not is_passed or not counts["tests"]:
        return f"{failed} failed, see {log.relative_to(ROOT)}", False, counts["tests"]
    return PASSED, True, counts["tests"]


def _call(words: list[str], log: Path) -> bool:
    """Run a program, and write what it prints to the log meanwhile."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MPESA_", "PYTEST_"))}
    with log.open("a", encoding="utf-8") as file:
        file.write(f"\n$ {' '.join(words)}\n")
        file.flush()
        done = subprocess.run(words, cwd=ROOT, env=environment, stdout=file, stderr=subprocess.STDOUT, check=False)
    return done.returncode == 0


def _write(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
