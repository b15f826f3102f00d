"""Whatever is posted with a payment's own secret: 200, kept, and believed only where it is a right success."""

from __future__ import annotations

import pytest
from hypothesis import given

from oscar_mpesa.models import MpesaReceipt
from tests.callbacks.bodies import NUMBER, RIGHT, RIGHT_ALL_THE_SAME, WORTHLESS
from tests.callbacks.client import Door, assert_nothing_is_believed, new_door, posting

# Tracing would double what it takes, and no line is only here.
pytestmark = [pytest.mark.usefixtures("untraced"), pytest.mark.django_db(transaction=True)]


@pytest.fixture
def door() -> Door:
    return new_door()


@posting(1_000)
@given(body=WORTHLESS)
def test_nothing_but_a_right_success_pays(door: Door, body: bytes) -> None:
    assert_nothing_is_believed(door, body)


@posting(50)
@given(body=RIGHT_ALL_THE_SAME)
def test_a_right_success_pays_beside_things_that_nobody_foresaw(door: Door, body: bytes) -> None:
    payment = door.takes(body)

    assert payment.status == "completed"
    assert MpesaReceipt.objects.get().number == NUMBER


def test_the_success_that_all_of_them_nearly_are_pays(door: Door) -> None:
    assert door.takes(RIGHT).status == "completed"
