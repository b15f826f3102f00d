"""``manage.py sandbox_shop``: create the demo shop and print its logins."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from haystack.query import SearchQuerySet

from sandbox_site.people import LOGINS
from sandbox_site.shop import VOUCHER_CODE, create_shop

#: Test numbers of the simulator, and what each of them does.
PHONES = (
    ("0708 374 149", "pays"),
    ("0708 374 150", "has no money"),
    ("0708 374 151", "cancels"),
    ("any other", "pays"),
    ("its practice phone open", "does what you press"),
)


class Command(BaseCommand):
    """Create the demo shop and print logins, voucher and test numbers. It is safe to run again."""

    help = "Fill the demo shop (products, prices, logins, offer, voucher); safe to run again."

    def handle(self, *args: Any, **options: Any) -> None:
        """Create the shop. Raises ``CommandError`` in production."""
        if settings.OSCAR_MPESA.get("ENVIRONMENT") == "production":
            raise CommandError("The demo's passwords are public: sandbox_shop does not run in production.")
        new = create_shop()
        if new or not SearchQuerySet().count():
            call_command("rebuild_index", interactive=False, verbosity=0)
        self._print_summary(new)

    def _print_summary(self, new: int) -> None:
        self.stdout.write(f"\n{settings.OSCAR_SHOP_NAME}: {f'{new} products added' if new else 'ready'}.")
        self._print_table("Log in", [(login.email, f"{login.password}   ({login.role})") for login in LOGINS])
        self._print_table("Voucher", [(VOUCHER_CODE, "KSh 150 off")])
        self._print_table("M-PESA test phones", PHONES)
        self.stdout.write(f"\n  http://{settings.SITE_DOMAIN}/\n")

    def _print_table(self, heading: str, rows: Any) -> None:
        self.stdout.write(f"\n  {heading}")
        for left, right in rows:
            self.stdout.write(f"    {left:<25}{right}")
