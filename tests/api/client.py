"""A client of the API that checks each response against docs/openapi.json."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from oscar_mpesa.access.api_authorization import TOKEN_HEADER
from oscar_mpesa.models import MpesaPayment
from oscar_mpesa.services.order_tokens import make_token
from tests.api.description import assert_as_described
from tests.clocks import signing_clock

INITIATE = "/api/payments/initiate_mpesa/"
NUMBER = "254708374149"


class ApiClient:
    """One device with its cookies and headers. Django checks CSRF tokens as in production."""

    def __init__(self, **headers: str) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.headers = headers

    def signs_in(self, user: Any) -> ApiClient:
        self.client.force_login(user)
        return self

    def places(self, order: Any) -> ApiClient:
        """Set the session data of Oscar's checkout for a placed order."""
        session = self.client.session
        session["checkout_order_id"] = order.pk
        session.save()
        return self

    def passes_csrf(self) -> ApiClient:
        """Send a CSRF token as cookie and header."""
        self.client.cookies["csrftoken"] = "a" * 32
        self.headers = {**self.headers, "X-CSRFToken": "a" * 32}
        return self

    def initiates(self, order_id: Any, phone: Any = NUMBER) -> Any:
        """Start a payment of the order."""
        return self.posts(json.dumps({"order_id": order_id, "phone_number": phone}))

    def posts(self, body: str | bytes, *, content_type: str = "application/json", to: str = INITIATE) -> Any:
        answer = self.client.post(to, body, content_type=content_type, headers=self.headers)
        assert_as_described(answer)
        return answer

    def checks(self, payment_id: int) -> Any:
        """Request the payment's status."""
        answer = self.client.get(f"/api/payments/{payment_id}/check_status/", headers=self.headers)
        assert_as_described(answer)
        return answer


def placing(order: Any) -> ApiClient:
    """Return a browser that placed the order on the shop's pages."""
    return ApiClient().places(order).passes_csrf()


def holding(order: Any) -> ApiClient:
    """Return another device with a token for the order."""
    return ApiClient(**{TOKEN_HEADER: make_token(order.pk)})


def too_old(order_id: int) -> str:
    """Return an expired token."""
    with signing_clock(1_000_000_000.0):
        return make_token(order_id)


def age(seconds: int) -> None:
    """Move all payments into the past."""
    moment = timezone.now() - timedelta(seconds=seconds)
    MpesaPayment.objects.update(push_sent_at=moment, created_at=moment)
