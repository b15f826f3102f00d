"""The entry in the dashboard's menu."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from oscar_mpesa.dashboard.navigation import add_to_menu
from tests.shop import new_staff_user

pytestmark = pytest.mark.django_db


def test_menu_entry_is_shown_with_permission_only() -> None:
    may, may_not = Client(), Client()
    may.force_login(new_staff_user("view_mpesapayment"))
    may_not.force_login(new_staff_user())

    with_entry = may.get(reverse("dashboard:index")).content.decode()
    without = may_not.get(reverse("dashboard:index")).content.decode()

    address = reverse("dashboard:mpesa-overview")
    assert address in with_entry
    assert address not in without


def test_entry_in_a_custom_menu_is_not_repeated(settings: Any) -> None:
    mine = [{"label": "Money", "children": [{"label": "M-PESA", "url_name": "dashboard:mpesa-overview"}]}]
    settings.OSCAR_DASHBOARD_NAVIGATION = mine

    add_to_menu()

    assert mine == settings.OSCAR_DASHBOARD_NAVIGATION


def test_entry_is_added_to_oscars_menu_once(settings: Any) -> None:
    add_to_menu()

    addresses = [entry.get("url_name") for entry in settings.OSCAR_DASHBOARD_NAVIGATION]
    assert addresses.count("dashboard:mpesa-overview") == 1
