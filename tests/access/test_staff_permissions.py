"""Each staff permission has one name, and one function decides who sees full phone numbers."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser

from oscar_mpesa.access import staff_permissions
from oscar_mpesa.access.staff_permissions import is_staff_with, may_see_full_phones
from tests.house.sources import python_files
from tests.shop import new_staff_user

#: The custom permissions in the models' ``Meta``.
CUSTOM = {
    "act_on_payment",
    "export_payments",
    "view_full_phone",
    "match_receipt",
    "record_claim",
    "record_refund",
    "resolve_receipt",
    "close_order",
    "block_phone",
    "view_turnover",
    "view_activity",
}

#: Files that define permissions or require them.
DEFINED = (
    "oscar_mpesa/access/staff_permissions.py",
    "oscar_mpesa/models/",
    "oscar_mpesa/services/",
    "oscar_mpesa/setup_check/run.py",
    "oscar_mpesa/checkout_check/run.py",
)


def test_every_custom_permission_has_a_name() -> None:
    models = apps.get_app_config("oscar_mpesa").get_models()

    defined = {codename for model in models for codename, _label in model._meta.permissions}
    named = {value for name, value in vars(staff_permissions).items() if name.isupper()}

    assert defined == CUSTOM
    assert named == {f"oscar_mpesa.{codename}" for codename in CUSTOM | {"view_mpesapayment"}}


def test_no_other_module_names_a_permission() -> None:
    spelling = {
        str(source.path)
        for source in python_files("oscar_mpesa")
        for codename in CUSTOM
        if f'"{codename}"' in source.text or f"oscar_mpesa.{codename}" in source.text
    }

    assert "oscar_mpesa/access/staff_permissions.py" in spelling
    assert [path for path in sorted(spelling) if not path.startswith(DEFINED)] == []


@pytest.mark.django_db
def test_only_staff_with_permission_see_full_phones() -> None:
    users: Any = get_user_model().objects
    customer = users.create_user("wanjiru", "wanjiru@example.com")
    customer.user_permissions.set(new_staff_user("view_full_phone").user_permissions.all())

    assert may_see_full_phones(new_staff_user("view_full_phone"))
    assert may_see_full_phones(users.create_superuser("owner", "owner@example.com", "x"))
    assert not may_see_full_phones(new_staff_user("view_mpesapayment"))
    assert not may_see_full_phones(customer)
    assert not may_see_full_phones(AnonymousUser())


@pytest.mark.django_db
def test_staff_need_all_of_the_permissions() -> None:
    staff = new_staff_user("act_on_payment", "block_phone")

    assert is_staff_with(staff, staff_permissions.ACT, staff_permissions.BLOCK)
    assert not is_staff_with(staff, staff_permissions.ACT, staff_permissions.EXPORT)
