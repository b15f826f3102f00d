"""With an OSCAR_MPESA that cannot be used, no order is closed: its names of statuses may be missing."""

from __future__ import annotations

from typing import Any

import pytest

from oscar_mpesa.models import CloseReason
from oscar_mpesa.services.reconciliation import Kind, reconcile
from tests.shop import failure, later, new_payment, post

pytestmark = pytest.mark.django_db

HALF_AN_HOUR = 30 * 60


def kinds_at(at: float) -> list[Kind]:
    return [step.kind for step in reconcile(lambda: later(at))]


def test_reconcile_closes_no_order_until_the_settings_are_usable(settings: Any) -> None:
    payment, ours = new_payment(), settings.OSCAR_MPESA
    post(payment, failure(payment))
    settings.OSCAR_MPESA = {**ours, "PENDING_STATUSS": "Awaits payment"}

    with_mistake = kinds_at(HALF_AN_HOUR)
    settings.OSCAR_MPESA = ours
    without = kinds_at(HALF_AN_HOUR)

    payment.mpesa_order.refresh_from_db()
    assert Kind.ORDER not in with_mistake
    assert Kind.MESSAGE in with_mistake
    assert Kind.ORDER in without
    assert payment.mpesa_order.close_reason == CloseReason.EXPIRED
