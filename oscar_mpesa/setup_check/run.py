"""Run the set-up checks and return their findings, errors first."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from oscar_mpesa.services.authorization import require_permission
from oscar_mpesa.services.locks import require_no_transaction
from oscar_mpesa.setup_check.callback_probe import callback_findings
from oscar_mpesa.setup_check.daraja_probe import daraja_findings
from oscar_mpesa.setup_check.evidence import record_setup_test
from oscar_mpesa.setup_check.findings import Finding, Level
from oscar_mpesa.setup_check.history import history_findings
from oscar_mpesa.setup_check.pauses import pause_findings
from oscar_mpesa.setup_check.settings import settings_findings


def run_local_checks(now: datetime) -> list[Finding]:
    """Check what needs no network: settings, cache, email, cron, receivers and failed payments. Makes a few queries."""
    return _worst_first([*settings_findings(), *history_findings(now), *pause_findings(now)])


def run_setup_check(now: datetime, *, by: Any = None) -> list[Finding]:
    """Run the local checks, and also call Safaricom and the shop's own callback URL. Sends no prompt.

    Takes up to half a minute, and records the result. Must run outside a transaction. Never raises ``DarajaError``:
    that becomes a finding. Raises ``PermissionDenied`` if ``by`` lacks ``oscar_mpesa.act_on_payment``.
    """
    if by is not None:
        require_permission(by, "act_on_payment")
    require_no_transaction()
    probed = [*daraja_findings(now), *callback_findings(now)]
    findings = _worst_first([*settings_findings(), *history_findings(now), *probed, *pause_findings(now)])
    record_setup_test(findings, now=now)
    return findings


def _worst_first(findings: list[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: list(Level).index(finding.level))
