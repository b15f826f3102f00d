"""The fuzz of the normal tests, with ten times as many bodies."""

from __future__ import annotations

import pytest
from hypothesis import given

from tests.callbacks.bodies import WORTHLESS
from tests.callbacks.client import Door, assert_nothing_is_believed, new_door, posting

pytestmark = [pytest.mark.bench, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def door() -> Door:
    return new_door()


@posting(10_000)
@given(body=WORTHLESS)
def test_nothing_but_a_right_success_pays(door: Door, body: bytes) -> None:
    assert_nothing_is_believed(door, body)
