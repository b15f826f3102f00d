"""Who buys in the tests of Oscar's side."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def achieng(django_user_model: Any) -> Any:
    """A user of the shop who has never bought anything."""
    return django_user_model.objects.create_user("achieng", "achieng@example.com", "a long password")


@pytest.fixture
def boss(django_user_model: Any) -> Any:
    """Who may decide everything."""
    return django_user_model.objects.create_superuser("boss", "boss@example.com", "a long password")
