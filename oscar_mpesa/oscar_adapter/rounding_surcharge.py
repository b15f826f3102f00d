"""Cents become a surcharge that the shopper sees before paying: M-PESA takes whole shillings."""

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
    """The difference to whole shillings; negative where the policy rounds down."""

    name = _("Rounding to whole shillings")
    code = ROUNDING_CODE

    def __init__(self, difference: Decimal) -> None:
        self.difference = difference

    def calculate(self, basket: Any, **kwargs: Any) -> Any:
        """The difference as a price without tax: rounding is no sale."""
        return Price(currency=basket.currency, excl_tax=self.difference, incl_tax=self.difference)


def shillings(total: Any) -> int:
    """What M-PESA would be asked for an order total (an Oscar ``Price``); raises ``AmountRefused``."""
    amount = total.incl_tax if total.is_tax_known else total.excl_tax
    return whole_shillings(amount, currency=total.currency, rounding=get_settings().ROUNDING)


def is_payable(total: Any) -> bool:
    """M-PESA takes this total: Kenyan shillings, within its limits, also once rounded."""
    try:
        shillings(total)
    except AmountRefused:
        return False
    return True


def add_rounding(submission: dict[str, Any]) -> dict[str, Any]:
    """A submission whose total is whole shillings, the difference among its surcharges; unchanged where none is due.

    Oscar's own applicator is bound at import, so this works on what ``build_submission`` made.
    """
    total = submission["order_total"]
    difference = rounding_difference(total.incl_tax, shillings(total))
    if not difference:
        return submission
    rounding = Rounding(difference)
    surcharges = SurchargeList(submission["surcharges"] or [])
    surcharges.append(SurchargePrice(rounding, rounding.calculate(submission["basket"])))
    rounded = Price(currency=total.currency, excl_tax=total.excl_tax + difference, incl_tax=total.incl_tax + difference)
    return {**submission, "surcharges": surcharges, "order_total": rounded}
