"""``manage.py mpesa_check_checkout``: buy by M-PESA in the shop's own checkout, and take it back."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from oscar_mpesa.checkout_check.run import run_checkout_check
from oscar_mpesa.management.finding_lines import format_finding
from oscar_mpesa.setup_check.findings import Level


class Command(BaseCommand):
    """Print the findings of the check of the checkout, errors first."""

    help = (
        "Buys a product by M-PESA through the shop's own checkout views, and chooses each other payment method. Names "
        "the class and method that stand in the way, and the line that fixes it. Everything is rolled back, and "
        "nothing is sent to Safaricom. The shop's own receivers, of order_placed for instance, run as for any order. "
        "The exit status is 1 if there are errors."
    )
    requires_system_checks = ()  # the checkout shows whether it works

    def add_arguments(self, parser: CommandParser) -> None:
        """Add the option for the host name."""
        parser.add_argument(
            "--host", default="", help="the host name of the requests; by default a site's that ALLOWED_HOSTS permits"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the findings; raise ``CommandError`` if one of them is an error."""
        findings = run_checkout_check(host=options["host"])
        for finding in findings:
            self.stdout.write(format_finding(finding, self.style))
        errors = sum(finding.level is Level.ERROR for finding in findings)
        if errors:
            raise CommandError(f"Errors: {errors}. Shoppers cannot buy as they should.")
