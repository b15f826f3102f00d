"""Fixtures of the check of the checkout: a product, and templates of a shop."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from tests.checkout_check.broken_checkouts import TEMPLATES
from tests.shop import new_product


@pytest.fixture
def product() -> Any:
    """Return a product that can be bought."""
    return new_product()


@pytest.fixture
def shop_templates(settings: Any) -> None:
    """Add the templates of the broken previews."""
    templates = deepcopy(settings.TEMPLATES)
    templates[0].pop("APP_DIRS", None)
    loaders = ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"]
    templates[0]["OPTIONS"]["loaders"] = [("django.template.loaders.locmem.Loader", TEMPLATES), *loaders]
    settings.TEMPLATES = templates
