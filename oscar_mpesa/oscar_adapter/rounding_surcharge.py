"""Round an order's total with a surcharge that the shopper sees, because M-PESA takes whole shillings."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_lazy as _
from oscar.core.loading import get_class
from oscar.core.prices import Price

from oscar_mpesa.conf import get_settings
from oscar_mpesa.domain.money import ROUNDING_CODE, AmountRefused, rounding_difference, whole_shillings

SurchargeList = get_class("checkout.applicator", "SurchargeList")
SurchargePrice = get_class("checkout.applicator", "SurchargePrice")
BaseSurcharge = get_class("checkout.surcharges", "BaseSurcharge")


class Rounding(BaseSurcharge):  # type: ignore[misc, valid-type]
    """Surcharge of the difference to whole shillings. It is negative where ``ROUNDING`` rounds down."""

    name = _("Rounding to whole shillings")
    code = ROUNDING_CODE

    def __init__(self, difference: Decimal) -> None:
        self.difference = difference

    def calculate(self, basket: Any, **kwargs: Any) -> Any:
        """Return the difference as a price without tax."""
        return Price(currency=basket.currency, excl_tax=self.difference, incl_tax=self.difference)


def shillings(total: Any) -> int:
    """Return the whole shillings to collect for an order total (an Oscar ``Price``). Raises ``AmountRefused``."""
    amount = total.incl_tax if total.is_tax_known else total.excl_tax
    return whole_shillings(amount, currency=total.currency, rounding=get_settings().ROUNDING)


def is_payable(total: Any) -> bool:
    """Return whether M-PESA takes this total: in Kenyan shillings and within its limits after rounding."""
    try:
        shillings(total)
    except AmountRefused:
        return False
    return True


def add_rounding(submission: dict[str, Any]) -> dict[str, Any]:
    """Return a submission with a whole total and the difference as a surcharge.

    Returns the same one if it is whole, or if its taxes are not known yet, because Oscar refuses to place it.

    Oscar binds its surcharge applicator at import, so this changes the result of ``build_submission``.
    """
    total = submission["order_total"]
    if not total.is_tax_known:
        return submission
    difference = rounding_difference(total.incl_tax, shillings(total))
    if not difference:
        return submission
    rounding = Rounding(difference)
    surcharges = SurchargeList(submission["surcharges"] or [])
    surcharges.append(SurchargePrice(rounding, rounding.calculate(submission["basket"])))
    rounded = Price(currency=total.currency, excl_tax=total.excl_tax + difference, incl_tax=total.incl_tax + difference)
    return {**submission, "surcharges": surcharges, "order_total": rounded}
