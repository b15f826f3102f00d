"""The tests with axe open every page of the dashboard, also one that is added later."""

from __future__ import annotations

import inspect
import re

from django.urls import URLPattern

from oscar_mpesa.dashboard.urls import urlpatterns
from tests.browser import (
    test_dashboard_money,
    test_dashboard_payments,
    test_dashboard_with_history,
    test_setup_and_callbacks,
)

#: Files and data, which nobody looks at in a browser.
FILES = {"mpesa-receipts-export", "mpesa-payments-export", "mpesa-payment-state"}

TESTS = (test_dashboard_money, test_dashboard_payments, test_dashboard_with_history, test_setup_and_callbacks)


def is_page(pattern: URLPattern) -> bool:
    view = pattern.callback.view_class  # type: ignore[attr-defined]
    return hasattr(view, "get") and "get" in view.http_method_names and pattern.name not in FILES


def named(pattern: URLPattern) -> str:
    """Return a regular expression of how a test names a page: by its URL's name, or by the end of its address."""
    ending = [part for part in str(pattern.pattern).split("/") if part and "<" not in part]
    name = f'"{str(pattern.name).removeprefix("mpesa-")}"'
    return f"{name}|[/}}]{ending[-1]}/" if ending else name


def test_axe_looks_at_every_page_of_the_dashboard() -> None:
    sources = "".join(map(inspect.getsource, TESTS))
    pages = {str(pattern.name): named(pattern) for pattern in urlpatterns if is_page(pattern)}

    assert pages["mpesa-entry-unmatch"] == '"entry-unmatch"|[/}]unmatch/'
    assert [name for name, words in pages.items() if not re.search(words, sources)] == []
