"""The page of readers without access to an order. It is the same for every order, id and link."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from django.views.generic import View

from oscar_mpesa.conf import get_settings


def no_access_page(request: HttpRequest, *, is_link: bool) -> HttpResponse:
    """Return the page with status 404. ``is_link`` is whether the reader opened a payment link."""
    context = {"is_link": is_link, "mpesa": get_settings()}
    return render(request, "oscar_mpesa/no_access_page.html", context, status=404)


class OrderPageView(View):
    """Base of the pages of one order. Readers without access get a page in words."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return ``no_access_page`` if the order does not exist, or the request has no access to it."""
        try:
            return super().dispatch(request, *args, **kwargs)
        except Http404:
            return no_access_page(request, is_link=False)


@method_decorator(never_cache, name="dispatch")
class UnknownOrderView(View):
    """Answer addresses that no order can have, such as an address that an email program cut short."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Return ``no_access_page``, as for an order that does not exist."""
        return no_access_page(request, is_link=False)
