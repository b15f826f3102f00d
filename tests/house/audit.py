"""Look up known vulnerabilities of the installed packages, with pip-audit: ``python -m tests.house.audit``.

The exit code is 1 for a known vulnerability, and only then. A machine that cannot reach the database says so.
"""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

#: The database itself. PyPI's mirrors often leave the vulnerabilities out, and then everything looks safe.
OPTIONS = "--vulnerability-service osv --local --skip-editable --format json --progress-spinner off".split()
#: Seconds for each reply, and for all.
REPLY_WITHIN, ALL_WITHIN = 10, 180

Package = dict[str, Any]


def main() -> int:
    """Print what is known of the installed packages, and return the exit code."""
    try:
        command = [sys.executable, "-m", "pip_audit", *OPTIONS, "--timeout", str(REPLY_WITHIN)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=ALL_WITHIN)
    except subprocess.TimeoutExpired:
        return report("", f"no answer within {ALL_WITHIN} seconds")
    return report(done.stdout, done.stderr)


def report(found: str, problem: str) -> int:
    """Print the findings, which are JSON or, after a problem, nothing. Return 1 if there is a vulnerability."""
    if not found.strip():
        print(f"Could not check for known vulnerabilities: {(problem.strip() or 'no answer').splitlines()[-1]}")
        return 0
    packages = json.loads(found)["dependencies"]
    unchecked = [package["name"] for package in packages if not _is_checked(package)]
    if unchecked:
        print(f"Could not check for known vulnerabilities: {', '.join(unchecked)}")
    lines = [line for package in packages for line in _vulnerabilities(package)]
    print(
        "\n".join(lines) or f"No known vulnerability in {len(packages) - len(unchecked)} of {len(packages)} packages."
    )
    return int(bool(lines))


def _is_checked(package: Package) -> bool:
    """Return whether the database knows the package. Our own, installed from here, needs no check."""
    return "skip_reason" not in package or "editable" in package["skip_reason"]


def _vulnerabilities(package: Package) -> list[str]:
    return [
        f"{package['name']} {package['version']}: {each['id']}, "
        f"fixed in {' '.join(each['fix_versions']) or 'no version'}"
        for each in package.get("vulns", [])
    ]


if __name__ == "__main__":
    sys.exit(main())
