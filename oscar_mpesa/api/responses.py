"""What every address of the API has in common: JSON whatever happens, and how a refusal is told."""

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

#: Says whether a payment is money (``production``) or a test, as the word TEST does on the shop's pages.
ENVIRONMENT_HEADER = "X-Mpesa-Environment"

NO_CSRF = _("The request came without this site's CSRF token. Load the page again.")
NOT_ALLOWED = _("Use %(method)s here.")


class RequestRefused(Exception):
    """Nothing was done; ``sentence`` says why, ``errors`` by field, ``more`` what else the client can use.

    ``retry_after`` is in seconds, None where waiting does not help.
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

    def answer(self) -> HttpResponse:
        """The refusal as the client reads it."""
        body = {"success": False, "message": self.sentence, "errors": self.errors, **self.more}
        return JsonResponse(body, status=self.status, headers=self.headers)


def endpoint(method: str, *, not_found: Any) -> Callable[[View], View]:
    """Make a function a view for one method, that refuses in JSON; ``not_found`` is the sentence of its 404.

    Outside a transaction, because it may call Safaricom; exempt from the CSRF middleware, because ``access/rights.py``
    asks for the token where cookies are all that speaks for the client; open to shops behind a login.
    """

    def decorate(view: View) -> View:
        @csrf_exempt
        @never_cache
        @transaction.non_atomic_requests
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method != method:
                return _wrong_method(method).answer()
            try:
                return view(request, *args, **kwargs)
            except NotFoundForCaller:
                return RequestRefused(404, str(not_found)).answer()
            except CsrfRefused:
                return RequestRefused(403, str(NO_CSRF)).answer()
            except RequestRefused as refusal:
                return refusal.answer()

        answer.login_required = False  # type: ignore[attr-defined]
        return answer

    return decorate


class NotFoundForCaller(Exception):
    """There is no such thing, or none for this asker: the same answer."""


def start_refused(refusal: StartRefused | AmountRefused, *, now: datetime) -> RequestRefused:
    """Why no request was sent, as a status and the sentence of the shop's pages; the asker typed the number."""
    if isinstance(refusal, AmountRefused):
        return RequestRefused(409, gettext(refusal.sentence))
    sentence = refusal_message(refusal, now=now, shows_number=True)
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
