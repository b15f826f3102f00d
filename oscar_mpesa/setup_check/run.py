"""The verb: look at the set-up, and say what was found, the worst first."""

from __future__ import annotations

from datetime import datetime

from oscar_mpesa.services.locks import require_no_transaction
from oscar_mpesa.setup_check.callback_probe import callback_findings
from oscar_mpesa.setup_check.daraja_probe import daraja_findings
from oscar_mpesa.setup_check.findings import Finding, Level
from oscar_mpesa.setup_check.history import history_findings
from oscar_mpesa.setup_check.settings import settings_findings


def run_local_checks(now: datetime) -> list[Finding]:
    """What can be said at once, in a few queries: settings, cache, mail, cron, receivers, and payments that failed."""
    return _worst_first([*settings_findings(), *history_findings(now)])


def run_setup_check(now: datetime) -> list[Finding]:
    """The same, and what Safaricom and the shop's own callback address say when they are asked; charges nobody.

    Takes up to half a minute. Must run outside a transaction. Never raises ``DarajaError``: that is a finding.
    """
    require_no_transaction()
    asked = [*daraja_findings(now), *callback_findings(now)]
    return _worst_first([*settings_findings(), *history_findings(now), *asked])


def _worst_first(findings: list[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: list(Level).index(finding.level))
