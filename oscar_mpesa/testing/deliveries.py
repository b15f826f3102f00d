"""Deliver emails and signals at once, for tests."""

from __future__ import annotations

from datetime import datetime

from oscar_mpesa.services.reconciliation import process_prompt_rounds


def deliver_due(*, now: datetime) -> None:
    """Do in this thread what the shop's background thread does after a commit; for the setting ``WAKE``."""
    for _ in process_prompt_rounds(lambda: now):
        pass
