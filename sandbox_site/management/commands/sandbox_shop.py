"""``manage.py sandbox_shop``: create the demo shop and print its logins. With ``DEBUG`` off, each only once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from haystack.query import SearchQuerySet

from sandbox_site.people import LOGINS, Login, create_users
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
        """Create the shop. Raises ``CommandError`` in production, or for a weak ``SANDBOX_STAFF_PASSWORD``."""
        if settings.OSCAR_MPESA.get("ENVIRONMENT") == "production":
            raise CommandError("The demo's products are invented: sandbox_shop does not run in production.")
        new = create_shop()
        if new or not SearchQuerySet().count():
            call_command("rebuild_index", interactive=False, verbosity=0)
        logins = self._create_users()
        if options["verbosity"]:
            self._print_summary(new, LOGINS if settings.DEBUG else logins)

    def _create_users(self) -> list[Login]:
        try:
            return create_users()
        except ValidationError as error:
            raise CommandError(f"SANDBOX_STAFF_PASSWORD: {' '.join(error.messages)}") from error

    def _print_summary(self, new: int, logins: Iterable[Login]) -> None:
        self.stdout.write(f"\n{settings.OSCAR_SHOP_NAME}: {f'{new} products added' if new else 'ready'}.")
        self._print_table("Log in", [(login.email, f"{_shown_password(login)}   ({login.role})") for login in logins])
        self._print_table("Voucher", [(VOUCHER_CODE, "KSh 150 off")])
        self._print_table("M-PESA test phones", PHONES)
        self.stdout.write(f"\n  http://{settings.SITE_DOMAIN}/\n")

    def _print_table(self, heading: str, rows: Any) -> None:
        if rows:
            self.stdout.write(f"\n  {heading}")
        for left, right in rows:
            self.stdout.write(f"    {left:<25}{right}")


def _shown_password(login: Login) -> str:
    return "SANDBOX_STAFF_PASSWORD" if login.password == settings.SANDBOX_STAFF_PASSWORD else login.password
