"""Send the push of a committed order, even if another hook of the same commit raises."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, connection, transaction
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone

from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services.stk_push import send_stk_push

logger = logging.getLogger("oscar_mpesa")


class PushAfterCommitMixin:
    """Open the request's transaction in ``dispatch``, and send the push even if a hook of its commit raises.

    Django skips the hooks after one that raises. The shopper would get an error page for an order that is placed, and
    no prompt.
    """

    _mpesa_payment: MpesaPayment | None = None

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Return the view, without Django's transaction around it: ``dispatch`` opens the same one."""
        view: Callable[..., HttpResponseBase] = super().as_view(**initkwargs)  # type: ignore[misc]
        return transaction.non_atomic_requests(view)

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Handle the request in one transaction if the database has ``ATOMIC_REQUESTS``.

        Raises what the shop's view raises, unless an M-PESA payment is committed by then.
        """
        handle: Callable[..., HttpResponseBase] = super().dispatch  # type: ignore[misc]
        try:
            with _request_transaction(handle):
                return handle(request, *args, **kwargs)
        except Exception:
            payment = self._mpesa_payment
            if payment is None or not _is_committed(payment):
                raise
            logger.exception("M-PESA payment %s is committed, but a hook of its commit raised", payment.pk)
        send_stk_push(payment, now=timezone.now())
        return redirect("checkout:mpesa-payment", payment.mpesa_order.public_id)


@contextmanager
def _request_transaction(handle: Callable[..., HttpResponseBase]) -> Iterator[None]:
    """Open the transaction that Django would open, unless the shop's own view forbids it or one is open."""
    is_exempt = DEFAULT_DB_ALIAS in getattr(handle, "_non_atomic_requests", ())
    if is_exempt or connection.in_atomic_block or not connection.settings_dict["ATOMIC_REQUESTS"]:
        yield
        return
    with transaction.atomic():
        yield


def _is_committed(payment: MpesaPayment) -> bool:
    if connection.in_atomic_block:
        return False
    return MpesaPayment.objects.filter(pk=payment.pk, secret=payment.secret).exists()
