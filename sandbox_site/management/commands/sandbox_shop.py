"""``manage.py sandbox_shop``: fill the demo shop and say how to get in."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from haystack.query import SearchQuerySet

from sandbox_site.opening import VOUCHER_CODE, open_shop
from sandbox_site.people import LOGINS

#: The telephones of the practice M-Pesa, and what each of them does.
PHONES = (
    ("0708 374 149", "pays"),
    ("0708 374 150", "has no money"),
    ("0708 374 151", "cancels"),
    ("any other", "pays"),
    ("its practice phone open", "does what you press"),
)


class Command(BaseCommand):
    """Create the demo shop, as often as one likes, and print logins, voucher and telephones."""

    help = "Fill the demo shop (products, prices, logins, offer, voucher); safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        """Open the shop; raises ``CommandError`` where real money would move."""
        if settings.OSCAR_MPESA.get("ENVIRONMENT") == "production":
            raise CommandError("The demo's passwords are public: sandbox_shop does not run with real M-Pesa.")
        new = open_shop()
        if new or not SearchQuerySet().count():
            call_command("rebuild_index", interactive=False, verbosity=0)
        self._greet(new)

    def _greet(self, new: int) -> None:
        self.stdout.write(f"\n{settings.OSCAR_SHOP_NAME}: {f'{new} products put on the shelf' if new else 'ready'}.")
        self._table("Log in", [(login.email, f"{login.password}   ({login.role})") for login in LOGINS])
        self._table("Voucher", [(VOUCHER_CODE, "KSh 150 off")])
        self._table("M-Pesa test phones", PHONES)
        self.stdout.write(f"\n  http://{settings.SITE_DOMAIN}/\n")

    def _table(self, heading: str, rows: Any) -> None:
        self.stdout.write(f"\n  {heading}")
        for left, right in rows:
            self.stdout.write(f"    {left:<25}{right}")
