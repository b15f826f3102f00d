"""Read and validate request bodies of the API."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from oscar_mpesa.api.responses import RequestRefused
from oscar_mpesa.daraja.json import read_object, text_of
from oscar_mpesa.domain.phone import PhoneNumber, PhoneRefused

NOT_JSON = _("Send a JSON object with order_id and phone_number, as application/json.")
NO_ORDER_ID = _("Give the order's id, a whole number.")


@dataclass(frozen=True, slots=True, kw_only=True)
class InitiateRequest:
    """A request to send a prompt for an order to a phone."""

    order_id: int
    phone: PhoneNumber


def read_initiate_request(request: HttpRequest, order_id: int | None) -> InitiateRequest:
    """Read the body of an initiate request. Pass ``order_id`` if the URL names the order. Raises ``RequestRefused``."""
    document = _read_json(request)
    return InitiateRequest(order_id=_order_id(document) if order_id is None else order_id, phone=_phone(document))


def _read_json(request: HttpRequest) -> dict[str, object]:
    if request.content_type != "application/json":
        raise RequestRefused(415, str(NOT_JSON))
    try:
        return read_object(request.body)
    except (ValueError, RequestDataTooBig, UnreadablePostError) as error:
        raise RequestRefused(400, str(NOT_JSON)) from error


def _order_id(document: dict[str, object]) -> int:
    order_id = document.get("order_id")
    if not isinstance(order_id, int) or isinstance(order_id, bool):
        raise RequestRefused(400, str(NO_ORDER_ID), field="order_id")
    return order_id


def _phone(document: dict[str, object]) -> PhoneNumber:
    try:
        return PhoneNumber.parse(text_of(document.get("phone_number"), "phone_number"))
    except PhoneRefused as refusal:
        raise RequestRefused(400, gettext(refusal.sentence), field="phone_number") from refusal
    except ValueError as error:
        raise RequestRefused(400, gettext(PhoneRefused("empty").sentence), field="phone_number") from error
