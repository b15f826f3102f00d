"""Two members of staff ask for the money of the same order at once: one prompt is sent."""

from __future__ import annotations

from functools import partial

import pytest
from django.test import Client

from oscar_mpesa.models import MpesaOrder, MpesaPayment
from tests.dashboard.staff import VIEW, url_of
from tests.databases.threads import BusyDaraja, at_once, new_phone
from tests.shop import new_order, new_staff_user

pytestmark = [pytest.mark.databases, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def _no_delay(daraja: BusyDaraja) -> None:
    daraja.seconds = 0


def desk() -> Client:
    client = Client()
    client.force_login(new_staff_user(VIEW, "act_on_payment"))
    return client


def test_two_staff_send_one_prompt_for_an_order_that_never_had_one() -> None:
    order = new_order(status="Being processed")
    url, clients = url_of("order-send-prompt", order.pk), [desk(), desk()]
    sent = [{"newest": "", "prompt-number": new_phone().local} for _ in clients]

    pages = at_once(partial(clients[at].post, url, sent[at]) for at in (0, 1))

    payment = MpesaPayment.objects.get()
    assert [each.status_code for each in pages] == [302, 302]
    assert {each["Location"] for each in pages} == {url_of("payment", payment.pk)}
    assert MpesaOrder.objects.get().is_enrolled
