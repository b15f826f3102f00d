"""Place an M-PESA order in one transaction, and once more if the database undid it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy, deepcopy
from typing import Any

from django.contrib import messages
from django.db import OperationalError, connection, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from oscar.core.loading import get_class

from oscar_mpesa.checkout.basket_currency import BasketCurrencyMixin
from oscar_mpesa.checkout.commit import PushAfterCommitMixin
from oscar_mpesa.checkout.step_paths import PREVIEW
from oscar_mpesa.conf import get_settings
from oscar_mpesa.oscar_adapter.placement import OfferUsedUp, lock_and_check, reload_basket
from oscar_mpesa.payment_page.messages import refusal_message
from oscar_mpesa.services.deadlocks import is_repeatable
from oscar_mpesa.services.exceptions import StartRefused

UnableToPlaceOrder = get_class("order.exceptions", "UnableToPlaceOrder")

logger = logging.getLogger("oscar_mpesa")

PLACING_FAILED = _("A problem occurred while placing this order. Please contact customer services.")


class PlacementUndone(BaseException):
    """A deadlock undid the placement.

    It is no ``Exception``: Oscar's ``submit`` would catch it, and go on in a transaction that MariaDB has undone.
    ``dispatch`` always catches it.
    """


class PlacementMixin(BasketCurrencyMixin, PushAfterCommitMixin):
    """Place an order of our own submission, which sets ``_mpesa_placing``, with all its locks taken in one order.

    If a deadlock undoes it all the same, the whole request is handled once more, in a new transaction and with the
    session and the basket as they were. No push was sent, because pushes follow the commit.
    """

    request: HttpRequest
    phone_step: str
    is_phone_due: bool
    open_phone_step: Callable[[str], HttpResponse]
    _mpesa_placing = False
    _mpesa_refusal: StartRefused | None = None
    _is_repeatable = False

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Handle the request, twice at most. After two deadlocks, show Oscar's message on the preview."""
        if request.method != "POST" or connection.in_atomic_block:
            return super().dispatch(request, *args, **kwargs)
        self._is_repeatable, session = True, deepcopy(dict(request.session.items()))
        for view in (self, copy(self)):
            try:
                return super(PlacementMixin, view).dispatch(request, *args, **kwargs)
            except PlacementUndone:
                logger.warning("M-PESA: the database undid the placement of an order", exc_info=True)
            _restore(request, session)
        messages.error(request, PLACING_FAILED)
        return redirect("checkout:preview")

    def submit(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """Place the order, unless M-PESA was chosen just now, and the phone is not known."""
        if self.is_phone_due:
            return self.open_phone_step(PREVIEW)
        response: HttpResponse = super().submit(*args, **kwargs)  # type: ignore[misc]
        return response

    def handle_payment(self, order_number: str, total: Any, **kwargs: Any) -> None:
        """Do nothing for M-PESA, which is paid after the order is placed."""
        if not self._mpesa_placing:
            super().handle_payment(order_number, total, **kwargs)  # type: ignore[misc]

    def get_initial_order_status(self, basket: Any) -> Any:
        """Return the pending status for an M-PESA order."""
        if self._mpesa_placing:
            return get_settings().PENDING_STATUS
        return super().get_initial_order_status(basket)  # type: ignore[misc]

    def handle_order_placement(self, order_number: str, user: Any, basket: Any, *args: Any, **kwargs: Any) -> Any:
        """Place an M-PESA order in one transaction, so that a later error leaves no order and no allocated stock.

        If others used up an offer meanwhile, nothing is placed, and the preview shows today's price. The refusal of a
        number comes after these checks: else a basket that can't be placed would let a script try numbers unseen.
        """
        if self.is_phone_due:  # the shop's code does not call ``submit``
            self.restore_frozen_basket()  # type: ignore[attr-defined]
            return self.open_phone_step(PREVIEW)
        place: Callable[..., Any] = super().handle_order_placement  # type: ignore[misc]
        if not self._mpesa_placing:
            return place(order_number, user, basket, *args, **kwargs)
        try:
            with self._undone_by_deadlock(), transaction.atomic():
                lock_and_check(basket, self.request.strategy)  # type: ignore[attr-defined]
                if self._mpesa_refusal is None:
                    return self._require_payment(place(order_number, user, basket, *args, **kwargs))
            self.restore_frozen_basket()  # type: ignore[attr-defined]
            return self._redirect_after_refusal(self._mpesa_refusal)
        except OfferUsedUp as used_up:
            logger.info("M-PESA: an order was not placed, because an offer is used up: %s", used_up)
        self.restore_frozen_basket()  # type: ignore[attr-defined]
        messages.warning(
            self.request, gettext("An offer was just used up. Please double-check the new total before you pay.")
        )
        return redirect("checkout:preview")

    def _require_payment(self, page: Any) -> Any:
        """Return the page, or raise Oscar's ``UnableToPlaceOrder`` if the shop's code left out our payment."""
        if self._mpesa_payment is None:
            logger.error("M-PESA: %s.handle_order_placement skips handle_successful_order", type(self).__qualname__)
            raise UnableToPlaceOrder(PLACING_FAILED)
        return page

    def _redirect_after_refusal(self, refusal: StartRefused) -> HttpResponse:
        """Redirect to the phone step if another number helps, else to the preview."""
        messages.warning(self.request, refusal_message(refusal, now=timezone.now()))
        return redirect(self.phone_step if refusal.phone else "checkout:preview")

    @contextmanager
    def _undone_by_deadlock(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            if self._is_repeatable and is_repeatable(error):
                raise PlacementUndone from error
            raise


def _restore(request: HttpRequest, session: dict[str, Any]) -> None:
    """Give the request the session and the basket that it had before the placement that was undone."""
    request.session.clear()
    request.session.update(session)
    reload_basket(request)
