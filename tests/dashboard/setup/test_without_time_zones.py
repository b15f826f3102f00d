"""In a shop with USE_TZ off, the dashboard opens, so that it can say what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from tests.dashboard.staff import page_text, staff_client, url_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["setup", "overview", "payments", "receipts", "callbacks"])
def test_page_opens_without_time_zones(settings: Any, name: str) -> None:
    client = staff_client()
    settings.USE_TZ = False

    response = client.get(url_of(name))

    assert response.status_code == 200
    assert ("USE_TZ = True" in page_text(response)) is (name == "setup")
