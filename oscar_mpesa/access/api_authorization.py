"""By what right a request that is no page of the shop acts on an order: its cookies, a token, or the shop's word."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.module_loading import import_string

from oscar_mpesa.access.ownership import owns_order, typed_number
from oscar_mpesa.access.staff_permissions import VIEW, is_staff_with, may_see_full_phones
from oscar_mpesa.conf import get_settings
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services.order_tokens import TokenPurpose, read_token

#: Carries an owner's token; no browser sends it by itself.
TOKEN_HEADER = "X-Mpesa-Order-Token"


class CsrfRefused(Exception):
    """The order is the asker's by cookies alone, and no CSRF token came with them: another site may have sent them."""


def may_pay(request: HttpRequest, order: Any) -> bool:
    """The request may have a phone prompted for Oscar's order. Raises ``CsrfRefused``.

    Cookies come with a browser's request whoever made it, so they count only with Django's CSRF token. What stands
    in a header was put there on purpose and needs none.
    """
    if _holds_token(request, order):
        return True
    is_known = owns_order(request, order)
    if (is_known and _passes_csrf(request)) or _shop_grants(request, order):
        return True
    if is_known:
        raise CsrfRefused
    return False


def may_see(request: HttpRequest, order: Any) -> bool:
    """The request may read what became of the order's payments: its owner's, or that of staff who may view them."""
    return (
        _holds_token(request, order)
        or owns_order(request, order)
        or _shop_grants(request, order)
        or is_staff_with(request.user, VIEW)
    )


def may_see_number(request: HttpRequest, payment: MpesaPayment) -> bool:
    """The full phone is for the session that typed it, and for staff who may see all numbers."""
    return typed_number(request, payment.phone_number) or may_see_full_phones(request.user)


def _holds_token(request: HttpRequest, order: Any) -> bool:
    return bool(read_token(request.headers.get(TOKEN_HEADER, ""), TokenPurpose.OWN) == order.pk)


def _shop_grants(request: HttpRequest, order: Any) -> bool:
    check = get_settings().ORDER_OWNERSHIP_CHECK
    if not check:
        return False
    owns = check if callable(check) else import_string(check)
    return bool(owns(request, order))


class _CsrfCheck(CsrfViewMiddleware):
    """Django's own check for a view that is exempt from it, as Django REST framework makes it."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponseForbidden:
        return HttpResponseForbidden(reason)


def _passes_csrf(request: HttpRequest) -> bool:
    check = _CsrfCheck(_nothing)
    check.process_request(request)
    return check.process_view(request, _nothing, (), {}) is None


def _nothing(request: HttpRequest) -> HttpResponse:
    """What the check stands before."""
    return HttpResponse()
