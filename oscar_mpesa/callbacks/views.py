"""The view for all callback URLs."""

from __future__ import annotations

import logging

from django.db import DatabaseError, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_variables
from django.views.decorators.http import require_POST

from oscar_mpesa.access.client_address import client_address, is_allowed_address
from oscar_mpesa.services.callbacks import MAX_BODY, receive_callback

logger = logging.getLogger("oscar_mpesa")

#: The response that Safaricom expects for every stored callback.
ACCEPTED = {"ResultCode": 0, "ResultDesc": "Accepted"}
NOT_STORED = {"ResultCode": 1, "ResultDesc": "Not stored, send it again"}


@csrf_exempt
@sensitive_variables("secret", "body")
@transaction.non_atomic_requests
@require_POST
def callback(request: HttpRequest, secret: str = "") -> HttpResponse:
    """Store the raw callback, then process it.

    Accepts any content type. Returns 200 once the callback is stored, 400 if the body cannot be read, and 503 if the
    database cannot store it.
    """
    address = client_address(request)
    try:
        callback = receive_callback(request.read(MAX_BODY), secret=secret, address=address, now=timezone.now())
    except UnreadablePostError:
        return _not_stored(400)
    except DatabaseError:
        logger.exception("Could not store an M-PESA callback")
        return _not_stored(503)
    if callback is not None and callback.payment_id and not is_allowed_address(address):
        logger.warning("A callback with the right secret came from %s, not in MPESA_ALLOWED_IPS", address)
    return JsonResponse(ACCEPTED)


def _not_stored(status: int) -> HttpResponse:
    response = JsonResponse(NOT_STORED, status=status)
    # Django would log the URL, which contains the payment's secret.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


# Safaricom can post to shops with Django's LoginRequiredMiddleware.
callback.login_required = False  # type: ignore[attr-defined]
