"""An app orders through django-oscar-api and pays through our API, in its own process."""

from __future__ import annotations

import pytest

from tests.stores.process import run


@pytest.mark.slow
def test_shop_with_django_oscar_api_sells_to_apps() -> None:
    done = run(
        "pytest",
        "tests/stores/headless/purchases.py",
        "--quiet",
        "-p",
        "no:cacheprovider",
        settings="tests.stores.headless.settings",
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "5 passed" in done.stdout
