"""The shop sells while the cache is down: it refuses connections, or accepts them and says nothing (M15)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from oscar_mpesa.models import MpesaApiCall, MpesaOrder, MpesaPayment
from oscar_mpesa.services.gateway import replaced_transport
from oscar_mpesa.services.reconciliation import reconcile
from oscar_mpesa.testing import ScriptedTransport
from tests.outages import closed_port, redis_cache, silent_server
from tests.services.daraja_replies import ACCEPTED, CREDENTIALS, query_reply
from tests.shop import new_product, pay
from tests.shopper import Shopper

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["refuses", "hangs"])
def dead_cache(request: pytest.FixtureRequest, settings: Any) -> Iterator[None]:
    settings.OSCAR_MPESA = {**settings.OSCAR_MPESA, **CREDENTIALS}
    with silent_server() as silent:
        settings.CACHES = {"default": redis_cache(silent if request.param == "hangs" else closed_port())}
        yield


@pytest.mark.usefixtures("dead_cache")
def test_guest_buys_and_pays_without_the_cache(caplog: pytest.LogCaptureFixture) -> None:
    shopper, transport = Shopper(), ScriptedTransport({"push": [ACCEPTED]})
    started = time.monotonic()

    with replaced_transport(transport):
        page = shopper.buys(new_product())["Location"]
    payment = MpesaPayment.objects.get()
    poll = reverse("checkout:mpesa-status", args=[payment.mpesa_order.public_id])
    states = [shopper.client.get(poll).json()["state"]]
    pay(payment, now=timezone.now())
    states.append(shopper.client.get(poll).json()["state"])

    assert page == reverse("checkout:mpesa-payment", args=[payment.mpesa_order.public_id])
    assert list(MpesaApiCall.objects.order_by("pk").values_list("endpoint", "error")) == [("oauth", ""), ("push", "")]
    assert states == ["enter-pin", "paid"]
    assert shopper.order().status == "Being processed"
    assert time.monotonic() - started < 4
    assert caplog.text.count("the cache 'default' fails and is left alone for a while") == 1


@pytest.mark.usefixtures("dead_cache")
def test_unpaid_order_is_closed_without_the_cache() -> None:
    shopper, product = Shopper(), new_product()
    transport = ScriptedTransport(
        {"push": [ACCEPTED], "query": [query_reply(code) for code in ("4999", "1032", "1032")]}
    )
    with replaced_transport(transport):
        shopper.buys(product)
        poll = reverse("checkout:mpesa-status", args=[MpesaOrder.objects.get().public_id])
        MpesaPayment.objects.update(next_query_at=timezone.now())
        answer = shopper.client.get(poll)
        later = timezone.now() + timedelta(minutes=31)
        list(reconcile(lambda: later))

    assert (answer.status_code, len(transport.sent("query"))) == (200, 3)
    assert (shopper.order().status, MpesaPayment.objects.get().status) == ("Payment expired", "cancelled")
    assert product.stockrecords.get().num_allocated in (0, None)
