"""``manage.py mpesa_roles``: create the ready roles of staff, or repair them."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from oscar_mpesa.services.roles import create_roles, role_changes


class Command(BaseCommand):
    """Create the groups M-PESA cashier, M-PESA supervisor and M-PESA accountant."""

    help = (
        "Creates the groups M-PESA cashier, M-PESA supervisor and M-PESA accountant, and gives them the permissions "
        "that they lack. A second run changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add ``--check`` and ``--exactly``."""
        parser.add_argument("--check", action="store_true", help="only print what differs; fail if something does")
        parser.add_argument("--exactly", action="store_true", help="also take away permissions that the shop added")

    def handle(self, *args: Any, check: bool = False, exactly: bool = False, **options: Any) -> None:
        """Print each group and what changed; with ``--check``, raise ``CommandError`` if a group lacks something."""
        changes = list(role_changes()) if check else create_roles(exactly=exactly)
        for change in changes:
            given = ", ".join(change.missing) or "nothing"
            extra = ", ".join(change.extra) or "nothing"
            self.stdout.write(f"{change.role.name}: missing {given}; added by the shop {extra}")
        if check and any(change.missing for change in changes):
            raise CommandError("Run manage.py mpesa_roles to give the groups what they lack.")
