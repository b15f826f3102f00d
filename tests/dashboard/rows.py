"""One row of each kind that a page of the desk may be about, and all rows at once to compare."""

from __future__ import annotations

from typing import Any

from django.apps import apps

from oscar_mpesa.models import MpesaBlockedPhone, MpesaCallback, MpesaReceipt
from tests.shop import ANOTHER, PAYS, failure, later, new_payment, pay, post, success


class Rows:
    """Ids: a failed payment that may be tried again, money that waits for a person, a callback with its verdict,
    and a number that gets no requests."""

    def __init__(self) -> None:
        failed = new_payment(phone=ANOTHER)
        post(failed, failure(failed), now=later(10))
        paid = pay(new_payment(phone=PAYS))
        post(paid, success(paid, number="OD222BBB22"), now=later(20))
        self.payment = failed.pk
        self.paid = paid.pk
        self.receipt = MpesaReceipt.objects.get(allocation="surplus").pk
        self.callback = MpesaCallback.objects.latest("pk").pk
        self.blocked = MpesaBlockedPhone.objects.create(phone="254722000000", created_at=later(30)).pk


def all_rows() -> dict[str, list[dict[str, Any]]]:
    """Everything of ours and of Oscar's orders and payments."""
    models = [
        model for label in ("oscar_mpesa", "order", "payment") for model in apps.get_app_config(label).get_models()
    ]
    return {model._meta.label: list(model._default_manager.order_by("pk").values()) for model in models}
