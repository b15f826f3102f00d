"""Run commands as from a shell, one after the other in this process, and print how each ended."""

from __future__ import annotations

import sys
from traceback import print_exc

from django.core.management import execute_from_command_line

COMMANDS = (
    ["check"],
    ["migrate", "--no-color"],
    ["createsuperuser", "--no-input", "--username", "mama", "--email", "mama@shop.example"],
    ["mpesa_reconcile"],
    ["mpesa_check_ledger"],
    ["showmigrations", "oscar_mpesa"],
    ["check", "--deploy"],
)


def ended(command: list[str]) -> str:
    """Run a command; return "ok", its exit status, or the name of its error."""
    try:
        execute_from_command_line(["manage.py", *command])
    except SystemExit as end:
        return str(end.code or "ok")
    except Exception as error:  # noqa: BLE001 # the test names it
        print_exc()
        return type(error).__name__
    return "ok"


if __name__ == "__main__":
    for each in COMMANDS:
        sys.stdout.write(f"\nENDED {' '.join(each[:2])}: {ended(each)}\n")
