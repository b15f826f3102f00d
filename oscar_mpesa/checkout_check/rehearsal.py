"""Let the simulator judge the push of a payment that will never be sent."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import router, transaction

from oscar_mpesa.daraja.exceptions import DarajaError
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services import gateway


def payments_of(order: Any) -> list[MpesaPayment]:
    """Return the payments of an order."""
    return list(MpesaPayment.objects.filter(mpesa_order__order=order))


def is_push_registered() -> bool:
    """Return whether the present transaction would send a push after its commit."""
    connection = transaction.get_connection(router.db_for_write(MpesaPayment))
    hooks = [entry[1] for entry in connection.run_on_commit]
    return any(_sends_push(hook) for hook in hooks)


def objection_to(payment: MpesaPayment, *, now: datetime) -> str:
    """Return why Safaricom would refuse the payment's push, an empty string if it would not."""
    try:
        gateway.rehearse_stk_push(payment, now=now)
    except DarajaError as error:
        return str(error)
    return ""


def _sends_push(hook: Any) -> bool:
    code = getattr(hook, "__code__", None)
    is_ours = str(getattr(hook, "__module__", "")).startswith("oscar_mpesa.")
    return is_ours and code is not None and "send_stk_push" in code.co_names
