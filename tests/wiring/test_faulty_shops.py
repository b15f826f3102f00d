"""No mistake in the settings stops a command, or the alert about it. Each runs in a process of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from oscar_mpesa import checks
from tests.house.sources import ROOT
from tests.wiring.faulty.mistakes import MISTAKES

pytestmark = pytest.mark.slow

#: With these, M-PESA is not offered, and an alert says so.
FAULTS = {"E002", "E003", "E004", "E005", "E006", "E007", "E008", "E013", "E014", "E015"}


def run(mistake: str, database: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("MPESA_", "PYTEST_"))}
    environment |= {
        "DJANGO_SETTINGS_MODULE": "tests.wiring.faulty.settings",
        "DJANGO_SUPERUSER_PASSWORD": "a long password",
        "FAULTY_SHOP": mistake,
        "FAULTY_MAILS": str(database.parent / "mails"),
        "TEST_DATABASE_URL": f"sqlite:///{database}",
    }
    return subprocess.run(
        [sys.executable, "-m", *words], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the database of a shop that has all tables."""
    database = tmp_path_factory.mktemp("shop") / "shop.sqlite3"
    done = run("E010", database, "django", "migrate")
    assert done.returncode == 0, done.stderr
    return database


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistake_stops_no_command_and_fails_the_deployment_check(mistake: str, migrated: Path, tmp_path: Path) -> None:
    database, id_ = tmp_path / "shop.sqlite3", mistake[:4]
    shutil.copy(migrated, database)

    done = run(mistake, database, "tests.wiring.faulty.commands")

    ended = dict(re.findall(r"^ENDED (.+): (.+)$", done.stdout, re.MULTILINE))
    deployed = ended.pop("check --deploy")
    assert set(ended.values()) == {"ok"}, (ended, done.stderr)
    assert deployed == "1", done.stderr
    assert f"(oscar_mpesa.{id_})" in done.stderr
    mails = "".join(path.read_text(encoding="utf-8") for path in (tmp_path / "mails").glob("*"))
    assert (id_ in mails) is (id_ in FAULTS and "dictionary" not in mistake)


def test_each_error_has_a_mistake() -> None:
    written = "".join(path.read_text(encoding="utf-8") for path in Path(checks.__file__).parent.glob("*.py"))

    assert set(re.findall(r"\bE0\d\d\b", written)) == {name[:4] for name in MISTAKES}
