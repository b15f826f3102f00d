"""The verb: look at the set-up, and say what was found, the worst first."""

from __future__ import annotations

from datetime import datetime

from oscar_mpesa.lifecycle.locks import require_no_transaction
from oscar_mpesa.oversight.setup.findings import Finding, Level
from oscar_mpesa.oversight.setup.reaching import callback_findings
from oscar_mpesa.oversight.setup.safaricom import safaricom_findings
from oscar_mpesa.oversight.setup.settings import settings_findings
from oscar_mpesa.oversight.setup.traces import trace_findings


def look_at_setup(now: datetime) -> list[Finding]:
    """What can be said at once, in a few queries: settings, cache, mail, cron, receivers, and payments that failed."""
    return _worst_first([*settings_findings(), *trace_findings(now)])


def check_setup(now: datetime) -> list[Finding]:
    """The same, and what Safaricom and the shop's own callback address say when they are asked; charges nobody.

    Takes up to half a minute. Must run outside a transaction. Never raises ``DarajaError``: that is a finding.
    """
    require_no_transaction()
    asked = [*safaricom_findings(now), *callback_findings(now)]
    return _worst_first([*settings_findings(), *trace_findings(now), *asked])


def _worst_first(findings: list[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda finding: list(Level).index(finding.level))
