"""``manage.py mpesa_check_setup``: try the set-up for real, without charging anybody, and say what to do."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from oscar_mpesa.setup_check.findings import Finding, Level
from oscar_mpesa.setup_check.run import run_setup_check


class Command(BaseCommand):
    """The set-up page for the operator: a line for each finding, the worst first."""

    help = (
        "Tries the keys, the short code and the callback address, looks at settings, clock, cache, cron and mail, and "
        "says what is wrong and what to do. Nobody is charged. Exit status 1 with an error."
    )
    requires_system_checks = ()  # they are among the findings

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the findings; raises ``CommandError`` if one of them is an error."""
        findings = run_setup_check(timezone.now())
        for finding in findings:
            self.stdout.write(self._coloured(finding))
        errors = sum(finding.level is Level.ERROR for finding in findings)
        if errors:
            raise CommandError(f"Errors: {errors}. M-Pesa does not work, or its news are lost.")

    def _coloured(self, finding: Finding) -> str:
        styles = {Level.ERROR: self.style.ERROR, Level.WARNING: self.style.WARNING, Level.OK: self.style.SUCCESS}
        line = f"{finding.level.value.upper():8}{finding.name}: {finding.sentence}"
        further = [f"{'':8}{text}" for text in (finding.meaning, finding.remedy and f"→ {finding.remedy}") if text]
        return "\n".join([styles[finding.level](line), *further])
