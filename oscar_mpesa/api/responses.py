"""Responses of the API: every endpoint answers in JSON, also when it refuses."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from oscar_mpesa.access.api_authorization import CsrfRefused
from oscar_mpesa.domain.money import AmountRefused
from oscar_mpesa.payment_page.messages import refusal_message
from oscar_mpesa.services.exceptions import MpesaUnavailable, PaymentInProgress, StartRefused

View = Callable[..., HttpResponse]

#: Response header that tells real payments (``production``) from tests.
ENVIRONMENT_HEADER = "X-Mpesa-Environment"

NO_CSRF = _("The request came without this site's CSRF token. Load the page again.")
NOT_ALLOWED = _("Use %(method)s here.")


class RequestRefused(Exception):
    """The API did nothing. ``sentence`` says why, and ``field`` names the invalid field if there is one.

    ``retry_after`` is in seconds, or None if waiting does not help. ``more`` are further keys of the body.
    """

    def __init__(
        self,
        status: int,
        sentence: str,
        *,
        field: str = "",
        retry_after: int | None = None,
        headers: dict[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(status)
        self.status = status
        self.sentence = sentence
        self.errors = {field: [sentence]} if field else {}
        self.headers = {**(headers or {}), **({} if retry_after is None else {"Retry-After": str(retry_after)})}
        self.more = more

    def response(self) -> HttpResponse:
        """Return the refusal as a JSON response."""
        body = {"success": False, "message": self.sentence, "errors": self.errors, **self.more}
        return JsonResponse(body, status=self.status, headers=self.headers)


def endpoint(method: str, *, not_found: Any) -> Callable[[View], View]:
    """Turn a function into a view for one HTTP method that refuses in JSON. ``not_found`` is the message of its 404.

    The view runs outside a transaction, because it may call Safaricom. It is exempt from the CSRF middleware, because
    ``access.api_authorization`` checks the token itself. It also works in shops that require a login.
    """

    def decorate(view: View) -> View:
        @csrf_exempt
        @never_cache
        @transaction.non_atomic_requests
        @wraps(view)
        def endpoint_view(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method != method:
                return _wrong_method(method).response()
            try:
                return view(request, *args, **kwargs)
            except NotFoundForCaller:
                return RequestRefused(404, str(not_found)).response()
            except CsrfRefused:
                return RequestRefused(403, str(NO_CSRF)).response()
            except RequestRefused as refusal:
                return refusal.response()

        endpoint_view.login_required = False  # type: ignore[attr-defined]
        return endpoint_view

    return decorate


class NotFoundForCaller(Exception):
    """The object does not exist, or the client may not know that it exists. Both give the same response."""


def start_refused(refusal: StartRefused | AmountRefused, *, now: datetime) -> RequestRefused:
    """Return the refusal of a payment as a response, with the status and the message in the active language.

    A phone that gets no prompt now is an invalid field, like one that M-PESA can't send a prompt to.
    """
    if isinstance(refusal, AmountRefused):
        return RequestRefused(409, gettext(refusal.sentence))
    sentence = refusal_message(refusal, now=now)
    field = "phone_number" if refusal.phone is not None else ""
    if refusal.until is not None:
        wait = max(1, math.ceil((refusal.until - now).total_seconds()))
        return RequestRefused(429, sentence, field=field, retry_after=wait)
    if isinstance(refusal, PaymentInProgress):
        return RequestRefused(409, sentence, payment_id=refusal.payment.pk)
    status = 503 if isinstance(refusal, MpesaUnavailable) else 400 if field else 409
    return RequestRefused(status, sentence, field=field)


def _wrong_method(method: str) -> RequestRefused:
    return RequestRefused(405, NOT_ALLOWED % {"method": method}, headers={"Allow": method})
