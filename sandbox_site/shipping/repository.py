"""Boda boda to the door, or free pick-up at the shop."""

from __future__ import annotations

from decimal import Decimal

from django.utils.translation import gettext_lazy as _
from oscar.apps.shipping import repository
from oscar.apps.shipping.methods import FixedPrice, Free


class BodaBoda(FixedPrice):
    """A motorcycle brings it, at one price for the whole country."""

    code = "boda-boda"
    name = _("Boda boda delivery")
    description = _("To your door: the same day in Mombasa and Nairobi, in two days elsewhere.")

    def __init__(self) -> None:
        super().__init__(charge_excl_tax=Decimal("250.00"), charge_incl_tax=Decimal("250.00"))


class PickUp(Free):
    """The shopper comes to the shop."""

    code = "pick-up"
    name = _("Pick up at the shop")
    description = _("Biashara Street, Mombasa, Monday to Saturday from 8 to 18.")


class Repository(repository.Repository):
    """What Oscar asks for the ways to deliver."""

    methods = (BodaBoda(), PickUp())
