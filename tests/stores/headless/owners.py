"""Ownership of orders as in docs/api.md."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from rest_framework.authentication import TokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from oscar_mpesa.services.order_tokens import make_token


def has_the_users_token(request: HttpRequest, order: Any) -> bool:
    """Return whether the request carries the API token of the order's user."""
    try:
        found = TokenAuthentication().authenticate(request)
    except AuthenticationFailed:
        return False
    return found is not None and found[0].pk == order.user_id


def hand_out_token(sender: Any, order: Any, response: Any, **kwargs: Any) -> None:
    """Give the client that placed the order a token to pay and follow it, also guests."""
    response.data["mpesa_token"] = make_token(order.pk)
