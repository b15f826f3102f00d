"""Tell which calls to Safaricom are paused, because it does not answer."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import pgettext_lazy

from oscar_mpesa.oscar_adapter.order_messages import when
from oscar_mpesa.services.circuit_breaker import open_circuits
from oscar_mpesa.setup_check.findings import Finding, make_finding

#: What is paused, by endpoint.
CALLS = {
    "oauth": pgettext_lazy("paused calls", "tokens"),
    "push": pgettext_lazy("paused calls", "prompts"),
    "query": pgettext_lazy("paused calls", "status checks"),
}


def pause_findings(now: datetime) -> list[Finding]:
    """Return one finding if any calls are paused: which, since when, and when the next one is tried."""
    circuits = open_circuits(now)
    if not circuits:
        return []
    names = dict.fromkeys(CALLS[circuit.endpoint] for circuit in circuits)
    return [
        make_finding(
            "calls-paused",
            calls=", ".join(str(name) for name in names),
            since=when(min(circuit.since for circuit in circuits), now),
            next_try=when(max(now, min(circuit.next_try_at for circuit in circuits)), now),
        )
    ]
