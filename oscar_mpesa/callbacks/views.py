"""The view for all callback URLs."""

from __future__ import annotations

import logging

from django.db import transaction
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseNotFound,
    JsonResponse,
    UnreadablePostError,
)
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables

from oscar_mpesa.access.client_address import client_address, is_allowed_address
from oscar_mpesa.callbacks.request_body import LengthRequired, read_body
from oscar_mpesa.services.callbacks import MAX_BODY, receive_callback
from oscar_mpesa.services.reconnect import with_new_connection

logger = logging.getLogger("oscar_mpesa")

#: The response that Safaricom expects for every stored callback.
ACCEPTED = {"ResultCode": 0, "ResultDesc": "Accepted"}
NOT_STORED = {"ResultCode": 1, "ResultDesc": "Not stored, send it again"}


@csrf_exempt
@sensitive_variables("secret", "body")
@transaction.non_atomic_requests
def callback(request: HttpRequest, secret: str = "") -> HttpResponse:  # nosec B107 # an address without a secret
    """Store the raw callback, then process it.

    Accepts any content type. Returns 200 once the callback is stored, 400 if the body cannot be read, 411 if the web
    server does not decode its chunks, and 503 if the database cannot store it. Django logs the path of no response,
    because it contains the payment's secret.
    """
    if request.method != "POST":
        return _without_log(HttpResponseNotAllowed(["POST"]))
    address = client_address(request)
    try:
        body = read_body(request, MAX_BODY)
        callback = with_new_connection(
            lambda: receive_callback(body, secret=secret, address=address, now=timezone.now())
        )
    except UnreadablePostError:
        logger.warning("An M-PESA callback from %s was not stored: its body is malformed or ends too early", address)
        return _not_stored(400)
    except LengthRequired:
        logger.error("An M-PESA callback was not stored: the web server does not decode chunked request bodies")
        return _not_stored(411)
    except Exception:
        logger.exception("Could not store an M-PESA callback")
        return _not_stored(503)
    if callback is not None and callback.payment_id and not is_allowed_address(address):
        logger.warning("A callback with the right secret came from %s, not in MPESA_ALLOWED_IPS", address)
    return JsonResponse(ACCEPTED)


@csrf_exempt
@sensitive_variables("longer")
def not_found(request: HttpRequest, longer: str) -> HttpResponse:
    """Return 404 for other paths below the callback URLs, which can contain a secret too."""
    return _without_log(HttpResponseNotFound())


def _not_stored(status: int) -> HttpResponse:
    return _without_log(JsonResponse(NOT_STORED, status=status))


def _without_log(response: HttpResponse) -> HttpResponse:
    """Keep Django from logging the path of the request."""
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


# Safaricom can post to shops with Django's LoginRequiredMiddleware.
callback.login_required = False  # type: ignore[attr-defined]
not_found.login_required = False  # type: ignore[attr-defined]
