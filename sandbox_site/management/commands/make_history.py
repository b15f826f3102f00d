"""``manage.py make_history``: generate a year of sales for the demo's dashboard."""

from __future__ import annotations

from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from oscar.core.loading import get_model

from sandbox_site.goods import GOODS
from sandbox_site.history.rows import PREFIX
from sandbox_site.history.sales import sales
from sandbox_site.history.writer import Writer


class Command(BaseCommand):
    """Generate past orders, payments, receipts and callbacks. The same seed gives the same ones."""

    help = "Fill the demo shop with past M-PESA payments, by default simulated ones."

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the number of payments, the days, the seed and the environment."""
        parser.add_argument("--payments", type=int, default=5000, help="number of payments (5000)")
        parser.add_argument("--days", type=int, default=365, help="number of days up to now (365)")
        parser.add_argument("--seed", type=int, default=1, help="seed of the random numbers (1)")
        parser.add_argument(
            "--environment",
            choices=["simulated", "sandbox", "production"],
            default="simulated",
            help="environment of the rows; production shows how a shop with real payments looks",
        )

    def handle(self, *args: Any, payments: int, days: int, seed: int, environment: str, **options: Any) -> None:
        """Write the history. Raises ``CommandError`` in production, without products, or if there is a history."""
        self._require_demo(payments, days)
        shortcode = settings.OSCAR_MPESA.get("SHORTCODE", "")
        with transaction.atomic():
            writer = Writer(environment=environment, shortcode=shortcode)
            past = sales(payments, days=days, now=timezone.now(), seed=seed)
            made = writer.write(past, lambda count: self._show_progress(count, payments, options["verbosity"]))
        call_command("mpesa_index_search", stdout=StringIO())
        if options["verbosity"]:
            self.stdout.write(f"{made} past payments, marked {environment}.")

    def _require_demo(self, payments: int, days: int) -> None:
        if settings.OSCAR_MPESA.get("ENVIRONMENT") == "production":
            raise CommandError("make_history does not run in production, because its payments are not real.")
        if payments < 1 or days < 1:
            raise CommandError("--payments and --days must be at least 1.")
        known = get_model("partner", "StockRecord").objects.values_list("partner_sku", flat=True)
        if not {good.picture for good in GOODS} <= set(known):
            raise CommandError("The shop has no products: run sandbox_shop first.")
        if get_model("order", "Order").objects.filter(number__startswith=PREFIX).exists():
            raise CommandError("The shop already has a history.")

    def _show_progress(self, count: int, payments: int, verbosity: int) -> None:
        if verbosity and self.stdout.isatty():
            self.stdout.write(f"\r{count} of {payments} …", ending="")
            self.stdout.flush()
