"""``manage.py make_history``: a year of trade that nobody made, for the desk to show and to be measured by."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from oscar.core.loading import get_model

from sandbox_site.goods import GOODS
from sandbox_site.history.rows import PREFIX
from sandbox_site.history.trade import sales
from sandbox_site.history.writing import Writer


class Command(BaseCommand):
    """Orders, requests, money and messages of the past, drawn by lot; the same lots for the same seed."""

    help = "Fill the demo shop with past M-Pesa payments (simulated ones, unless told otherwise)."

    def add_arguments(self, parser: CommandParser) -> None:
        """How many, over how long, by which lots, and marked as what."""
        parser.add_argument("--payments", type=int, default=5000, help="requests to phones (5000)")
        parser.add_argument("--days", type=int, default=365, help="over so many days up to now (365)")
        parser.add_argument("--seed", type=int, default=1, help="another number, another history (1)")
        parser.add_argument(
            "--environment",
            choices=["simulated", "sandbox", "production"],
            default="simulated",
            help="what the rows are marked with; production only to see how a shop of real money looks",
        )

    def handle(self, *args: Any, payments: int, days: int, seed: int, environment: str, **options: Any) -> None:
        """Raises ``CommandError`` where there is a history, or real money, or no goods on the shelf."""
        self._require_demo(payments, days)
        shortcode = settings.OSCAR_MPESA.get("SHORTCODE", "")
        with transaction.atomic():
            writer = Writer(environment=environment, shortcode=shortcode)
            past = sales(payments, days=days, now=timezone.now(), seed=seed)
            made = writer.write(past, lambda count: self._tell(count, payments, options["verbosity"]))
        if options["verbosity"]:
            self.stdout.write(f"{made} past payments, marked {environment}.")

    def _require_demo(self, payments: int, days: int) -> None:
        if settings.OSCAR_MPESA.get("ENVIRONMENT") == "production":
            raise CommandError("No invented payments among real ones: make_history does not run with real M-Pesa.")
        if payments < 1 or days < 1:
            raise CommandError("--payments and --days are 1 or more.")
        known = get_model("partner", "StockRecord").objects.values_list("partner_sku", flat=True)
        if not {good.picture for good in GOODS} <= set(known):
            raise CommandError("The shelves are empty: run sandbox_shop first.")
        if get_model("order", "Order").objects.filter(number__startswith=PREFIX).exists():
            raise CommandError("There is a history already.")

    def _tell(self, count: int, payments: int, verbosity: int) -> None:
        if verbosity and self.stdout.isatty():
            self.stdout.write(f"\r{count} of {payments} …", ending="")
            self.stdout.flush()
