"""Users for the tests of the Oscar adapter."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.fixture
def achieng(django_user_model: Any) -> Any:
    """Create a customer without orders."""
    return django_user_model.objects.create_user("achieng", "achieng@example.com", "a long password")


@pytest.fixture
def boss(django_user_model: Any) -> Any:
    """Create a superuser."""
    return django_user_model.objects.create_superuser("boss", "boss@example.com", "a long password")
