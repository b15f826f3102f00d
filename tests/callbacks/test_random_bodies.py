"""Any body with the right secret is stored whole and answered with 200, with a length and in chunks (M3)."""

from __future__ import annotations

from io import BytesIO
from random import Random
from typing import Any

import pytest
from django.test import RequestFactory

from oscar_mpesa.callbacks.views import callback
from oscar_mpesa.models import MpesaCallback, Verdict
from tests.callbacks.random_bodies import random_body
from tests.shop import new_payment

pytestmark = pytest.mark.usefixtures("untraced")


def posted(bodies: list[bytes]) -> set[int]:
    """Post the bodies to a new payment's callback view, every other one in chunks; return the statuses."""
    payment, factory, statuses = new_payment(), RequestFactory(), set()
    for index, body in enumerate(bodies):
        environ: dict[str, Any] = {"wsgi.input": BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        if index % 2:
            environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
        statuses.add(callback(factory.generic("POST", "/", **environ), secret=payment.secret).status_code)
    return statuses


@pytest.mark.parametrize(
    "count",
    [
        pytest.param(300, marks=pytest.mark.django_db),
        pytest.param(2_000, marks=[pytest.mark.django_db, pytest.mark.slow]),
        pytest.param(10_000, marks=[pytest.mark.django_db, pytest.mark.disasters]),
    ],
)
def test_random_bodies_are_all_stored(count: int) -> None:
    random = Random(20_261_130)
    bodies = [random_body(random) for _ in range(count)]

    statuses = posted(bodies)

    stored = MpesaCallback.objects.order_by("pk").values_list("body", "verdict")
    assert statuses == {200}
    assert [bytes(body) for body, _ in stored] == [body[:65_536] for body in bodies]
    assert {verdict for _, verdict in stored}.isdisjoint({Verdict.RECEIVED, Verdict.FAILED})
