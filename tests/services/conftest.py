"""Staff for the tests of the money services."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.money import PERMISSIONS
from tests.shop import new_staff_user


@pytest.fixture
def staff() -> Any:
    """Return a user with all permissions on money."""
    return new_staff_user(*PERMISSIONS)
