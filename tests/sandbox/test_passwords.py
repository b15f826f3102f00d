"""The demo's public passwords work with DEBUG only."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model
from django.core.management import CommandError, call_command
from django.test import Client, override_settings

from tests.shared_state import once_for_module

pytestmark = pytest.mark.django_db

PUBLIC = {
    "shopper@example.com": "karibu-shopper",
    "staff@example.com": "karibu-staff",
    "admin@example.com": "karibu-admin",
}


@once_for_module
def demo() -> None:
    """The shop as `make sandbox` creates it, with DEBUG."""
    with override_settings(DEBUG=True):
        call_command("sandbox_shop", verbosity=0, stdout=io.StringIO())


def sandbox_shop() -> dict[str, str]:
    """Run the command and return the passwords that it prints, by email address."""
    output = io.StringIO()
    call_command("sandbox_shop", stdout=output)
    return dict(re.findall(r"^ +(\S+@example\.com) +(\S+)", output.getvalue(), re.MULTILINE))


def sign_in(email: str, password: str, page: str) -> bool:
    """Sign in on a page and return whether that worked."""
    client = Client()
    prefix, button = ("login-", {"login_submit": "Log In"}) if "accounts" in page else ("", {})
    client.post(page, {f"{prefix}username": email, f"{prefix}password": password, **button})
    return "_auth_user_id" in client.session


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("page", ["/en/accounts/login/", "/en/admin/login/"])
def test_public_passwords_open_no_page_with_debug_off(settings: Any, page: str) -> None:
    refused = [email for email, password in PUBLIC.items() if not sign_in(email, password, page)]
    settings.DEBUG = True

    assert refused == list(PUBLIC)
    assert sign_in("admin@example.com", "karibu-admin", "/en/accounts/login/")


@pytest.mark.usefixtures("demo")
def test_public_password_is_refused_for_any_user() -> None:
    users = get_user_model().objects
    users.create_user("owner", "owner@example.com", "karibu-staff")
    other = users.create_user("clerk", "clerk@example.com", "chai ya maziwa")

    assert authenticate(username="owner@example.com", password="karibu-staff") is None
    assert authenticate(username="clerk@example.com", password="chai ya maziwa") == other


@pytest.mark.usefixtures("demo")
def test_new_passwords_are_random_and_printed_once(settings: Any) -> None:
    settings.SANDBOX_STAFF_PASSWORD = ""

    first, second = sandbox_shop(), sandbox_shop()

    assert list(first) == list(PUBLIC)
    assert len(set(first.values()) - set(PUBLIC.values())) == 3
    assert all(authenticate(username=email, password=password) for email, password in first.items())
    assert second == {}
    assert not any(user.check_password(PUBLIC[user.email]) for user in get_user_model().objects.all())


@pytest.mark.usefixtures("demo")
def test_staff_get_the_password_from_the_environment(settings: Any) -> None:
    settings.SANDBOX_STAFF_PASSWORD = "pilau na kachumbari"

    printed = sandbox_shop()

    assert printed["staff@example.com"] == printed["admin@example.com"] == "SANDBOX_STAFF_PASSWORD"
    assert authenticate(username="staff@example.com", password="pilau na kachumbari") is not None
    assert authenticate(username="shopper@example.com", password="pilau na kachumbari") is None


@pytest.mark.usefixtures("demo")
def test_own_password_is_kept() -> None:
    staff = get_user_model().objects.get(username="staff")
    staff.set_password("pilau na kachumbari")
    staff.save()

    printed = sandbox_shop()

    assert list(printed) == ["shopper@example.com", "admin@example.com"]
    assert authenticate(username="staff@example.com", password="pilau na kachumbari") == staff


@pytest.mark.usefixtures("demo")
@pytest.mark.parametrize("weak", ["karibu-staff", "password1", "chai"])
def test_weak_password_from_the_environment_is_refused(settings: Any, weak: str) -> None:
    settings.SANDBOX_STAFF_PASSWORD = weak

    with pytest.raises(CommandError, match="SANDBOX_STAFF_PASSWORD: This password is too"):
        sandbox_shop()


def test_page_shows_the_passwords_with_debug_only(demo: None, settings: Any) -> None:
    hidden = Client().get("/en/").content.decode()
    settings.DEBUG = True
    shown = Client().get("/en/").content.decode()

    assert [password in hidden for password in PUBLIC.values()] == [False, False, False]
    assert [password in shown for password in PUBLIC.values()] == [True, True, True]
