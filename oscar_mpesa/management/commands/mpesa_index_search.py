"""``manage.py mpesa_index_search``: write the words by which staff find orders, for all orders."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from oscar_mpesa.models import MpesaOrder
from oscar_mpesa.services.search_index import PEOPLE, index_order

#: Orders read at a time.
CHUNK = 500


class Command(BaseCommand):
    """Index the orders that are not indexed yet, or all of them."""

    help = (
        "Writes the words by which staff find orders: names, emails, ends of order numbers and phones. mpesa_reconcile "
        "does the same for 500 orders a minute. Run it once after adding the app to an old shop."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Add ``--all``."""
        parser.add_argument(
            "--all", action="store_true", help="index all orders anew, after names were changed by hand"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Index the orders and print how many there were."""
        orders = MpesaOrder.objects.all() if options["all"] else MpesaOrder.objects.filter(indexed_at=None)
        related = orders.select_related(*(f"order__{each}" for each in PEOPLE)).order_by("pk")
        count = 0
        for mpesa_order in related.iterator(chunk_size=CHUNK):
            index_order(mpesa_order, now=timezone.now())
            count += 1
        self.stdout.write(f"{count} orders indexed.")
