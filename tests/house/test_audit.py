"""The audit fails for a vulnerability only, and says what it could not check."""

from __future__ import annotations

import json

import pytest

from tests.house.audit import report

SAFE = {"name": "requests", "version": "2.34.2", "vulns": []}
OURS = {"name": "oscar-mpesa", "skip_reason": "distribution marked as editable"}
UNKNOWN = {"name": "shop-plugin", "skip_reason": "Dependency not found on PyPI"}
BAD = {"name": "django", "version": "5.2", "vulns": [{"id": "CVE-2025-1", "fix_versions": ["5.2.1", "6.0"]}]}
UNFIXED = {"name": "whoosh", "version": "2.7", "vulns": [{"id": "CVE-2025-2", "fix_versions": []}]}

NO_NAME = "Traceback:\nConnectionError: Failed to resolve 'api.osv.dev'\n"


@pytest.mark.parametrize(
    ("packages", "code", "output"),
    [
        pytest.param([SAFE, OURS], 0, "No known vulnerability in 2 of 2 packages.\n", id="safe"),
        pytest.param(
            [SAFE, BAD, UNFIXED],
            1,
            "django 5.2: CVE-2025-1, fixed in 5.2.1 6.0\nwhoosh 2.7: CVE-2025-2, fixed in no version\n",
            id="vulnerable",
        ),
        pytest.param(
            [UNKNOWN, BAD],
            1,
            "Could not check for known vulnerabilities: shop-plugin\ndjango 5.2: CVE-2025-1, fixed in 5.2.1 6.0\n",
            id="vulnerable beside unchecked",
        ),
        pytest.param(
            [UNKNOWN, SAFE],
            0,
            "Could not check for known vulnerabilities: shop-plugin\nNo known vulnerability in 1 of 2 packages.\n",
            id="unchecked",
        ),
    ],
)
def test_audit_fails_for_a_known_vulnerability_only(
    capsys: pytest.CaptureFixture[str], packages: list[object], code: int, output: str
) -> None:
    assert report(json.dumps({"dependencies": packages, "fixes": []}), "") == code
    assert capsys.readouterr().out == output


def test_audit_without_the_database_says_why_and_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert report("", NO_NAME) == 0
    assert capsys.readouterr().out == (
        "Could not check for known vulnerabilities: ConnectionError: Failed to resolve 'api.osv.dev'\n"
    )
