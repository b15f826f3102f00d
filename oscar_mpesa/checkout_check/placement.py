"""Look at what the last click left: the order, its payment and its push."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.utils import timezone
from oscar.core.loading import get_model

from oscar_mpesa.checkout_check.code_places import Place, is_raised_by_us
from oscar_mpesa.checkout_check.diagnosis import (
    ORDER_METHODS,
    diagnose,
    error_problem,
    first_obstacle,
    lost_choice,
    mixin_problem,
    obstacle_in,
)
from oscar_mpesa.checkout_check.landings import Kind, Landing
from oscar_mpesa.checkout_check.problems import Problem, line_for
from oscar_mpesa.checkout_check.rehearsal import is_push_registered, objection_to, payments_of
from oscar_mpesa.checkout_check.shopper import EMAIL, Shopper
from oscar_mpesa.services.exceptions import NotPayable


def order_of(shopper: Shopper) -> Any:
    """Return the order that the shopper placed, None if there is none."""
    owner = Q(user_id=shopper.user.pk) if shopper.user.is_authenticated else Q(guest_email=EMAIL)
    orders = get_model("order", "Order")._base_manager.filter(owner | Q(basket_id=shopper.basket.pk))
    return orders.order_by("-date_placed").first()


def placement_problem(shopper: Shopper, landing: Landing, reached: list[str]) -> Problem | None:
    """Return what is wrong with the placed order, None if nothing is. Adds the steps that were reached."""
    order = order_of(shopper)
    if order is None:
        return _not_placed(landing)
    reached.append("order-ok")
    payments = payments_of(order)
    if len(payments) != 1:
        return _order_problem("no-payment", landing, order)
    if not is_push_registered():
        return _order_problem("no-push", landing, order)
    objection = objection_to(payments[0], now=timezone.now())
    if objection:
        return Problem(name="push-refused", params={"details": objection})
    reached.append("push-ok")
    return None if landing.kind is Kind.PLACED else diagnose(landing, "payment-page")


def _not_placed(landing: Landing) -> Problem:
    if landing.page.error is not None or landing.page.status >= 400:
        return diagnose(landing, "order")
    lost = lost_choice(landing.visits)
    if lost is not None:
        return lost
    caught = [pair for visit in landing.visits for pair in visit.record.caught]
    errors = [error for error, catcher in caught if catcher == "submit"]
    unpayable = next((error for error in errors if isinstance(_cause(error), NotPayable)), None)
    if unpayable is not None:
        return _wrong_status(landing, str(_cause(unpayable)))
    return _by_error(landing, errors[-1]) if errors else diagnose(landing, "order")


def _by_error(landing: Landing, error: BaseException) -> Problem:
    """Name the line that raised. If it is ours, name the shop's method that made us refuse the order."""
    if not is_raised_by_us(error):
        return error_problem("not-placed", error)
    place = first_obstacle(landing.visits[0].record, ("handle_place_order_submission", *ORDER_METHODS))
    if place is None:
        return error_problem("not-placed", error)
    params: dict[str, object] = {"by": place.label, "step": "order", "path": landing.page.path, "line": line_for(place)}
    return Problem(name="in-the-way", params=params)


def _cause(error: BaseException) -> BaseException:
    return error.__cause__ or error


def _wrong_status(landing: Landing, details: str) -> Problem:
    names = ("get_initial_order_status", "place_order", "handle_order_placement", "build_submission", "submit")
    ran = [call.place for call in landing.visits[0].record.calls if call.place.side.is_shops]
    place = first_obstacle(landing.visits[0].record, names) or _first(ran, names)
    by = place.label if place is not None else "order_placed"
    line = line_for(place) if place is not None else "@receiver(order_paid)"
    return Problem(name="wrong-status", params={"details": details, "by": by, "line": line})


def _order_problem(name: str, landing: Landing, order: Any) -> Problem:
    """Return an order's problem with the shop's method that placed it in its own way."""
    lacking = mixin_problem(landing.visits)
    if lacking is not None:
        return lacking
    record = landing.visits[0].record
    ran = [call.place for call in record.calls if call.place.side.is_shops]
    names = ("handle_place_order_submission", *ORDER_METHODS)
    place = first_obstacle(record, names) or obstacle_in(landing)[0] or _first(ran, names)
    by = place.label if place is not None else landing.page.path
    return Problem(name=name, params={"status": order.status, "by": by, "line": line_for(place)})


def _first(places: Iterable[Place], names: Iterable[str]) -> Place | None:
    listed = list(places)
    return next((place for name in names for place in listed if place.name == name), None)
