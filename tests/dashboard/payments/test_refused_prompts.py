"""The page of a payment says how many prompts the limits refused for its order."""

from __future__ import annotations

import pytest

from oscar_mpesa.models import MpesaPushAttempt
from tests.browser import states
from tests.dashboard.staff import page_text, staff_client, url_of
from tests.shop import ANOTHER, later

pytestmark = pytest.mark.django_db


def test_page_says_how_many_prompts_were_refused_and_why() -> None:
    payment = states.failed(1032)()
    url, client = url_of("payment", payment.pk), staff_client()
    assert "Refused prompts for the order" not in page_text(client.get(url))
    about = {"mpesa_order": payment.mpesa_order, "phone": ANOTHER.msisdn, "created_at": later(0)}
    for limit in ("phone", "order_numbers", "order_numbers", ""):
        MpesaPushAttempt.objects.create(refused_by=limit, environment="simulated", **about)

    text = page_text(client.get(url))

    assert "Refused prompts for the order numbers for one order (2) · prompts to one number (1)" in text
    assert ANOTHER.local not in text
