"""docs/openapi.json documents exactly the endpoints and responses that exist."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from io import BytesIO
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver
from django.utils import timezone
from jsonschema import Draft202012Validator

from oscar_mpesa import urls
from oscar_mpesa.api.health import health
from oscar_mpesa.api.views import check_status, initiate
from oscar_mpesa.daraja.exceptions import DarajaUnreachable
from oscar_mpesa.models import MpesaCallback, MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.reconciliation import RECONCILE, record_job_run
from oscar_mpesa.testing import ScriptedTransport
from tests.api.client import ApiClient, holding, placing
from tests.api.description import DOCUMENT, assert_as_described, documented, path_of
from tests.callbacks.failures import failing
from tests.services.daraja_replies import CREDENTIALS
from tests.shop import failure, new_order, new_payment, post, success

pytestmark = pytest.mark.django_db(transaction=True)

INITIATE, CHECK, HEALTH = "/initiate_mpesa/", "/{payment_id}/check_status/", "/health/"
CALLBACKS = ("/mpesa/callback/", "/mpesa/callback/{secret}/", "/hooks/{secret}/")


def sent(settings: Any) -> Any:
    order = new_order()
    return placing(order).initiates(order.pk)


def unknown(settings: Any) -> Any:
    settings.OSCAR_MPESA = CREDENTIALS
    order = new_order()
    with replaced_transport(ScriptedTransport({"push": [DarajaUnreachable("read timed out")]})):
        return placing(order).initiates(order.pk)


def without_csrf(settings: Any) -> Any:
    order = new_order()
    return ApiClient().places(order).initiates(order.pk)


def twice(settings: Any) -> Any:
    order = new_order()
    placing(order).initiates(order.pk)
    return placing(order).initiates(order.pk)


def too_soon(settings: Any) -> Any:
    order = new_order()
    client = placing(order)
    client.initiates(order.pk, "0708374151")
    payment = MpesaPayment.objects.get()
    post(payment, failure(payment, code=1037), now=timezone.now())
    return client.initiates(order.pk, "0708374151")


def not_offered(settings: Any) -> Any:
    settings.OSCAR_MPESA = {}
    order = new_order()
    return placing(order).initiates(order.pk)


def checked(settings: Any) -> Any:
    payment = new_payment(now=timezone.now())
    return holding(payment.mpesa_order.order).checks(payment.pk)


def monitored(settings: Any, *, token: str = "word", is_set: bool = True, passes: bool = True) -> Any:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, "HEALTH_TOKEN": "word" if is_set else ""}
    new_payment(now=timezone.now())
    if passes:
        record_job_run(RECONCILE, now=timezone.now())
    return Client().get("/api/payments/health/", headers={"Authorization": f"Bearer {token}"})


def called_back(path: str) -> Callable[[Any], Any]:
    def take(settings: Any) -> Any:
        payment = new_payment(now=timezone.now())
        return Client().post(_address(path, payment.secret), success(payment), content_type="application/json")

    return take


def broken_off(path: str) -> Callable[[Any], Any]:
    def take(settings: Any) -> Any:
        class Broken(BytesIO):
            def read(self, *_: Any) -> bytes:
                raise OSError("connection reset")

        body = {"wsgi.input": Broken(), "CONTENT_LENGTH": "9", "CONTENT_TYPE": "application/json"}
        return Client().post(_address(path, new_payment(now=timezone.now()).secret), **body)  # type: ignore[arg-type]

    return take


def in_chunks(path: str) -> Callable[[Any], Any]:
    def take(settings: Any) -> Any:
        body = {
            "wsgi.input": BytesIO(b"2\r\n{}\r\n0\r\n\r\n"),
            "CONTENT_LENGTH": "",
            "HTTP_TRANSFER_ENCODING": "chunked",
        }
        return Client().post(_address(path, new_payment().secret), **body)  # type: ignore[arg-type]

    return take


def not_written(path: str) -> Callable[[Any], Any]:
    def take(settings: Any) -> Any:
        address = _address(path, new_payment(now=timezone.now()).secret)
        with failing(MpesaCallback._meta.db_table):
            return Client().post(address, b"{}", content_type="application/json")

    return take


PRODUCED: dict[tuple[str, str, int], Callable[[Any], Any]] = {
    (INITIATE, "post", 200): sent,
    (INITIATE, "post", 202): unknown,
    (INITIATE, "post", 400): lambda _: ApiClient().posts(b"nonsense"),
    (INITIATE, "post", 403): without_csrf,
    (INITIATE, "post", 404): lambda _: ApiClient().initiates(1),
    (INITIATE, "post", 409): twice,
    (INITIATE, "post", 415): lambda _: ApiClient().posts(b"a=1", content_type="application/x-www-form-urlencoded"),
    (INITIATE, "post", 429): too_soon,
    (INITIATE, "post", 503): not_offered,
    (CHECK, "get", 200): checked,
    (CHECK, "get", 404): lambda _: ApiClient().checks(1),
    (HEALTH, "get", 200): lambda settings: monitored(settings),
    (HEALTH, "get", 401): lambda settings: monitored(settings, token="another"),
    (HEALTH, "get", 404): lambda settings: monitored(settings, is_set=False),
    (HEALTH, "get", 503): lambda settings: monitored(settings, passes=False),
    **{(path, "post", 200): called_back(path) for path in CALLBACKS},
    **{(path, "post", 400): broken_off(path) for path in CALLBACKS},
    **{(path, "post", 411): in_chunks(path) for path in CALLBACKS},
    **{(path, "post", 503): not_written(path) for path in CALLBACKS},
}


@pytest.mark.parametrize("described", PRODUCED, ids=lambda described: " ".join(map(str, described)))
def test_every_documented_response_exists(settings: Any, described: tuple[str, str, int]) -> None:
    path, method, status = described

    answer = PRODUCED[described](settings)

    assert_as_described(answer)
    request = answer.wsgi_request
    assert (path_of(request.path), request.method.lower(), answer.status_code) == (path, method, status)


def test_every_documented_response_has_a_test() -> None:
    assert set(PRODUCED) == documented()


def test_documented_urls_match_the_code() -> None:
    assert {route.rstrip("/") for route in _routes(urls.urlpatterns)} == {path.strip("/") for path in DOCUMENT["paths"]}


def test_documented_methods_match_the_code() -> None:
    answers = {view: Client().options(path)["Allow"] for view, path in _plain_addresses().items()}

    assert answers == {initiate: "POST", check_status: "GET", health: "GET"}


def test_document_is_valid_openapi_3_1() -> None:
    references = set(re.findall(r'"#/components/(\w+)/(\w+)"', str(DOCUMENT).replace("'", '"')))

    assert DOCUMENT["openapi"].startswith("3.1.")
    for schema in DOCUMENT["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    assert {(kind, name) for kind in DOCUMENT["components"] for name in DOCUMENT["components"][kind]} >= references
    assert {name for kind, name in references if kind == "schemas"} == set(DOCUMENT["components"]["schemas"])


def _routes(patterns: list[Any]) -> Iterator[str]:
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns)
        elif isinstance(pattern, URLPattern) and pattern.name:
            route = re.sub(r"\(\?P<(\w+)>[^)]*\)|<(?:\w+:)?(\w+)>", _in_braces, str(pattern.pattern))
            yield route.removeprefix("^").removesuffix("/?$")


def _in_braces(found: re.Match[str]) -> str:
    return f"{{{found[1] or found[2]}}}"


def _address(path: str, secret: str) -> str:
    return "/api/payments" + path.format(secret=secret)


def _plain_addresses() -> dict[Any, str]:
    return {
        initiate: "/api/payments/initiate_mpesa/",
        check_status: "/api/payments/1/check_status/",
        health: "/api/payments/health/",
    }
