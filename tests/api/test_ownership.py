"""Who may start payments of an order through the API, and who may see them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django import VERSION
from django.contrib.auth import get_user_model
from django.http import HttpRequest
from django.utils import timezone

from oscar_mpesa.access.api_authorization import TOKEN_HEADER
from oscar_mpesa.models import MpesaPayment
from tests.api.client import NUMBER, ApiClient, holding, placing, too_old
from tests.shop import new_order, new_payment, new_staff_user

pytestmark = pytest.mark.django_db(transaction=True)

MASKED = "0708 •••149"


def new_user(name: str = "achieng") -> Any:
    return get_user_model().objects.create_user(name, f"{name}@example.com", "a long password")


def signed_in(user: Any) -> ApiClient:
    return ApiClient().signs_in(user).passes_csrf()


OUTSIDERS: dict[str, Callable[[Any], ApiClient]] = {
    "another session": lambda order: ApiClient().passes_csrf(),
    "a session that placed another order": lambda order: placing(new_order()),
    "another user": lambda order: signed_in(new_user("barasa")),
    "a token for another order": lambda order: holding(new_order()),
    "a forged token": lambda order: ApiClient(**{TOKEN_HEADER: f"{order.pk}.1w0000.forged"}),
    "a token that is too old": lambda order: ApiClient(**{TOKEN_HEADER: too_old(order.pk)}),
    "an empty token": lambda order: ApiClient(**{TOKEN_HEADER: ""}),
    "staff without the permission": lambda order: signed_in(new_staff_user("close_order")),
    "a user with the permission who is no staff": lambda order: signed_in(permitted_customer()),
}


def permitted_customer() -> Any:
    customer = new_staff_user("view_mpesapayment", "view_full_phone")
    customer.is_staff = False
    customer.save()
    return customer


@pytest.fixture(params=list(OUTSIDERS))
def outsider(request: pytest.FixtureRequest) -> Callable[[Any], ApiClient]:
    return OUTSIDERS[request.param]


@pytest.mark.parametrize("owner", [False, True], ids=["a guest's order", "a user's order"])
def test_outsider_gets_the_same_404_as_for_an_unknown_order(outsider: Callable[[Any], ApiClient], owner: bool) -> None:
    payment = new_payment(new_order(user=new_user() if owner else None), now=timezone.now())
    client = outsider(payment.mpesa_order.order)

    theirs, nobodys = client.initiates(payment.order_id), client.initiates(10**30)
    seen, unseen = client.checks(payment.pk), client.checks(10**30)

    assert {answer.status_code for answer in (theirs, nobodys, seen, unseen)} == {404}
    assert (theirs.content, seen.content) == (nobodys.content, unseen.content)
    assert MpesaPayment.objects.count() == 1


def test_outsider_cannot_start_the_first_payment(outsider: Callable[[Any], ApiClient]) -> None:
    order = new_order(user=new_user())

    assert outsider(order).initiates(order.pk).status_code == 404
    assert not MpesaPayment.objects.exists()


def test_placing_session_pays_and_sees_the_number() -> None:
    order = new_order()
    client = placing(order)

    started = client.initiates(order.pk)

    assert client.checks(started.json()["payment_id"]).json()["phone_number"] == NUMBER


def test_session_keeps_its_order_after_placing_another() -> None:
    order = new_order()
    client = placing(order)
    payment_id = client.initiates(order.pk).json()["payment_id"]

    client.places(new_order())

    assert client.checks(payment_id).json()["phone_number"] == NUMBER


def test_user_pays_and_sees_numbers_of_other_sessions_masked() -> None:
    user = new_user()
    order = new_order(user=user)
    here, elsewhere = signed_in(user), signed_in(user)

    payment_id = here.initiates(order.pk).json()["payment_id"]

    assert here.checks(payment_id).json()["phone_number"] == NUMBER
    assert elsewhere.checks(payment_id).json()["phone_number"] == MASKED


def test_token_pays_without_cookies_and_sees_the_number_masked() -> None:
    order = new_order()

    started = holding(order).initiates(order.pk)

    assert (started.status_code, started.json()["phone_number"]) == (200, NUMBER)
    assert holding(order).checks(started.json()["payment_id"]).json()["phone_number"] == MASKED


@pytest.mark.parametrize(
    ("permissions", "phone"),
    [(("view_mpesapayment",), MASKED), (("view_mpesapayment", "view_full_phone"), NUMBER)],
    ids=["who may view payments", "who may see numbers too"],
)
def test_staff_see_payments_and_cannot_start_one(permissions: tuple[str, ...], phone: str) -> None:
    payment = new_payment(now=timezone.now())
    staff = signed_in(new_staff_user(*permissions))

    assert staff.checks(payment.pk).json()["phone_number"] == phone
    assert staff.initiates(payment.order_id).status_code == 404


# Browsers send cookies with requests of other sites too.


@pytest.mark.parametrize("by", ["session", "user"])
def test_cookies_without_csrf_token_are_refused(by: str) -> None:
    user = new_user()
    order = new_order(user=user)
    client = ApiClient().places(order) if by == "session" else ApiClient().signs_in(user)

    refused = client.initiates(order.pk)
    taken = client.passes_csrf().initiates(order.pk)

    assert (refused.status_code, taken.status_code) == (403, 200)
    assert "CSRF" in refused.json()["message"]


def test_wrong_csrf_token_is_refused() -> None:
    order = new_order()
    client = placing(order)
    client.headers["X-CSRFToken"] = "b" * 32

    assert client.initiates(order.pk).status_code == 403
    assert not MpesaPayment.objects.exists()


def test_order_token_needs_no_csrf_token() -> None:
    user = new_user()
    order = new_order(user=user)

    answer = holding(order).signs_in(user).initiates(order.pk)

    assert answer.status_code == 200


# A shop with its own tokens.


def has_header(request: HttpRequest, order: Any) -> bool:
    """Check ownership as a shop does with ``ORDER_OWNERSHIP_CHECK``."""
    return request.headers.get("Authorization") == f"Token of {order.number}"


@pytest.mark.parametrize("check", [has_header, f"{__name__}.has_header"], ids=["a function", "its dotted path"])
def test_shops_own_check_is_called(settings: Any, check: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ORDER_OWNERSHIP_CHECK": check}
    order, another = new_order(), new_order()
    client = ApiClient(Authorization=f"Token of {order.number}")

    started = client.initiates(order.pk)

    assert started.status_code == 200
    assert client.initiates(another.pk).status_code == 404
    assert client.checks(started.json()["payment_id"]).json()["phone_number"] == MASKED


def test_shops_own_check_counts_without_a_csrf_token(settings: Any) -> None:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "ORDER_OWNERSHIP_CHECK": has_header}
    order = new_order()
    client = ApiClient(Authorization=f"Token of {order.number}").places(order)

    assert client.initiates(order.pk).status_code == 200


@pytest.mark.skipif(VERSION < (5, 1), reason="Django has no such middleware yet")
def test_shop_behind_a_login_accepts_tokens_and_its_own_check(settings: Any) -> None:
    settings.MIDDLEWARE = [*settings.MIDDLEWARE, "django.contrib.auth.middleware.LoginRequiredMiddleware"]
    order = new_order()

    started = holding(order).initiates(order.pk)

    assert started.status_code == 200
    assert holding(order).checks(started.json()["payment_id"]).status_code == 200
