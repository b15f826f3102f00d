"""Shipping methods of the demo shop."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext_lazy as _
from oscar.apps.shipping import repository
from oscar.apps.shipping.methods import FixedPrice, Free


class BodaBoda(FixedPrice):
    """Delivery by motorcycle at one price for the whole country."""

    code = "boda-boda"
    name = _("Boda boda delivery")
    description = _("To your door: the same day in Mombasa and Nairobi, in two days elsewhere.")

    def __init__(self) -> None:
        super().__init__(charge_excl_tax=Decimal("250.00"), charge_incl_tax=Decimal("250.00"))


class PickUp(Free):
    """Free pick-up at the shop."""

    code = "pick-up"
    name = _("Pick up at the shop")
    description = _("Biashara Street, Mombasa, Monday to Saturday from 8 to 18.")


class Repository(repository.Repository):
    """Offer the shop's shipping methods to Oscar."""

    methods = (BodaBoda(), PickUp())
