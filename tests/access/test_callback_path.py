"""Paths of a shop that is mounted below a path, as with FORCE_SCRIPT_NAME."""

from __future__ import annotations

from typing import Any

import pytest
from django.test.utils import override_script_prefix
from django.urls import reverse

from oscar_mpesa import checks
from oscar_mpesa.access.callback_path import callback_path, view_name_at
from tests.wiring.checked import SANDBOX, hints, urlconf

HOOKS = "/api/payments/hooks"


@pytest.mark.parametrize(
    ("prefix", "path", "ids"),
    [
        pytest.param("/", HOOKS, [], id="at the root"),
        pytest.param("/", f"/shop{HOOKS}", ["W012"], id="at the root, below a path"),
        pytest.param("/shop", f"/shop{HOOKS}", [], id="below a path"),
        pytest.param("/shop", HOOKS, ["W012"], id="below a path, without it"),
        pytest.param("/shop", f"/shops{HOOKS}", ["W012"], id="below another path"),
        pytest.param("/shop/ke", f"/shop/ke{HOOKS}", [], id="below two"),
    ],
)
def test_callback_path_fits_the_prefix_of_the_shop(settings: Any, prefix: str, path: str, ids: list[str]) -> None:
    with override_script_prefix(prefix):
        address = f"https://shop.example{path}"
        found = hints(checks.check_callback_path, settings, **{**SANDBOX, "CALLBACK_URL": address})
        right = callback_path()

    assert list(found) == ids
    assert all(f"end in {right}," in hint for hint in found.values())
    assert right == prefix.rstrip("/") + HOOKS


def test_path_without_our_urls_has_the_prefix_too(settings: Any) -> None:
    mounted = callback_path()
    settings.ROOT_URLCONF = urlconf()

    with override_script_prefix("/shop"):
        assert (mounted, callback_path()) == (HOOKS, f"/shop{HOOKS}")


def test_checkout_below_a_path_is_recognized(settings: Any) -> None:
    with override_script_prefix("/shop"):
        details = reverse("checkout:payment-details")

        assert details.startswith("/shop/")
        assert view_name_at(f"https://shop.example{details}") == "checkout:payment-details"
        assert hints(checks.check_checkout, settings) == {}


@pytest.mark.parametrize("url", ["", "https://shop.example", "https://shop.example/nowhere", "https://[/", "hooks/0"])
def test_url_without_a_view_has_no_name(url: str) -> None:
    assert view_name_at("https://shop.example/api/payments/hooks/0/") == "oscar_mpesa:hook"
    assert view_name_at(url) == ""
