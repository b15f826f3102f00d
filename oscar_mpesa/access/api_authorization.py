"""Authorize API requests for an order: by session cookies, an order token, or the shop's own check."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseForbidden
from django.middleware.csrf import CsrfViewMiddleware
from django.utils.module_loading import import_string

from oscar_mpesa.access.ownership import owns_order, typed_number
from oscar_mpesa.access.staff_permissions import VIEW, is_staff_with, may_see_full_phones
from oscar_mpesa.conf import get_settings
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services.order_tokens import read_token

#: Carries the owner's order token. Browsers never send this header by themselves, so it needs no CSRF token.
TOKEN_HEADER = "X-Mpesa-Order-Token"  # nosec B105 # the name of a header


class CsrfRefused(Exception):
    """The client owns the order by cookies alone and sent no CSRF token, so another site may have made the request."""


def may_pay(request: HttpRequest, order: Any) -> bool:
    """Return whether the request may send a prompt for Oscar's order. Raises ``CsrfRefused``.

    Cookies count only with Django's CSRF token, because browsers send them with requests of other sites too.
    """
    if _holds_token(request, order):
        return True
    is_owner = owns_order(request, order)
    if (is_owner and _passes_csrf(request)) or _shop_grants(request, order):
        return True
    if is_owner:
        raise CsrfRefused
    return False


def may_see(request: HttpRequest, order: Any) -> bool:
    """Return whether the request may read the order's payments, as the owner or as staff with permission."""
    return (
        _holds_token(request, order)
        or owns_order(request, order)
        or _shop_grants(request, order)
        or is_staff_with(request.user, VIEW)
    )


def may_see_number(request: HttpRequest, payment: MpesaPayment) -> bool:
    """Return whether the request may see the payment's phone in full: it typed it, or it is staff with permission."""
    return typed_number(request, payment.phone_number) or may_see_full_phones(request.user)


def _holds_token(request: HttpRequest, order: Any) -> bool:
    return bool(read_token(request.headers.get(TOKEN_HEADER, "")) == order.pk)


def _shop_grants(request: HttpRequest, order: Any) -> bool:
    check = get_settings().ORDER_OWNERSHIP_CHECK
    if not check:
        return False
    owns = check if callable(check) else import_string(check)
    return bool(owns(request, order))


class _CsrfCheck(CsrfViewMiddleware):
    """Run Django's CSRF check for an exempt view, as Django REST framework does."""

    def _reject(self, request: HttpRequest, reason: str) -> HttpResponseForbidden:
        return HttpResponseForbidden(reason)


def _passes_csrf(request: HttpRequest) -> bool:
    check = _CsrfCheck(_empty_view)
    check.process_request(request)
    return check.process_view(request, _empty_view, (), {}) is None


def _empty_view(request: HttpRequest) -> HttpResponse:
    return HttpResponse()
