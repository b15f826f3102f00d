"""``manage.py mpesa_check_setup``: check the set-up against Safaricom without sending a prompt."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from oscar_mpesa.management.finding_lines import format_finding
from oscar_mpesa.setup_check.findings import Level
from oscar_mpesa.setup_check.run import run_setup_check


class Command(BaseCommand):
    """Print the findings of the set-up check, errors first."""

    help = (
        "Checks the credentials, the short code, the callback URL, the settings, the clock, the cache, cron and email. "
        "Prints what is wrong and how to fix it. Sends no prompt. The exit status is 1 if there are errors."
    )
    requires_system_checks = ()  # the findings include them

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the findings; raise ``CommandError`` if one of them is an error."""
        findings = run_setup_check(timezone.now())
        for finding in findings:
            self.stdout.write(format_finding(finding, self.style))
        errors = sum(finding.level is Level.ERROR for finding in findings)
        if errors:
            raise CommandError(f"Errors: {errors}. M-PESA does not work, or callbacks are lost.")
