"""The way to the desk, in the dashboard that the shop has already."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from oscar_mpesa.dashboard.navigation import add_to_menu
from tests.shop import new_staff_user

pytestmark = pytest.mark.django_db


def test_staff_with_the_permission_find_it_in_the_menu_and_others_do_not() -> None:
    may, may_not = Client(), Client()
    may.force_login(new_staff_user("view_mpesapayment"))
    may_not.force_login(new_staff_user())

    with_entry = may.get(reverse("dashboard:index")).content.decode()
    without = may_not.get(reverse("dashboard:index")).content.decode()

    address = reverse("dashboard:mpesa-overview")
    assert address in with_entry
    assert address not in without


def test_a_shop_that_listed_it_in_a_menu_of_its_own_has_it_once(settings: Any) -> None:
    mine = [{"label": "Money", "children": [{"label": "M-Pesa", "url_name": "dashboard:mpesa-overview"}]}]
    settings.OSCAR_DASHBOARD_NAVIGATION = mine

    add_to_menu()

    assert mine == settings.OSCAR_DASHBOARD_NAVIGATION


def test_it_stands_in_oscar_s_own_menu_once(settings: Any) -> None:
    add_to_menu()

    addresses = [entry.get("url_name") for entry in settings.OSCAR_DASHBOARD_NAVIGATION]
    assert addresses.count("dashboard:mpesa-overview") == 1
