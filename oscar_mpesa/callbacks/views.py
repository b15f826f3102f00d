"""One view for every callback address."""

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

#: What Safaricom expects, whatever we think of its post.
ACCEPTED = {"ResultCode": 0, "ResultDesc": "Accepted"}
NOT_KEPT = {"ResultCode": 1, "ResultDesc": "Not stored, send it again"}


@csrf_exempt
@sensitive_variables("secret", "body")
@transaction.non_atomic_requests
@require_POST
def callback(request: HttpRequest, secret: str = "") -> HttpResponse:
    """Take in one post of any content type: 200 once it is kept, 503 only if it could not be written."""
    address = client_address(request)
    try:
        callback = receive_callback(request.read(MAX_BODY), secret=secret, address=address, now=timezone.now())
    except UnreadablePostError:
        return _not_kept(400)
    except DatabaseError:
        logger.exception("An M-Pesa callback could not be written")
        return _not_kept(503)
    if callback is not None and callback.payment_id and not is_allowed_address(address):
        logger.warning("A callback with the right secret came from %s, not in MPESA_ALLOWED_IPS", address)
    return JsonResponse(ACCEPTED)


def _not_kept(status: int) -> HttpResponse:
    response = JsonResponse(NOT_KEPT, status=status)
    # Django would log the address, and the address holds the payment's secret.
    response._has_been_logged = True  # type: ignore[attr-defined]
    return response


# Shops behind a login-required middleware still hear Safaricom.
callback.login_required = False  # type: ignore[attr-defined]
