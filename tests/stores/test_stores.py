"""Each kind of shop sells by M-PESA with the README's lines. Each runs in its own process, as it has other apps."""

from __future__ import annotations

import re

import pytest

from tests.house.sources import ROOT
from tests.stores import readme
from tests.stores.process import run
from tests.stores.shapes import SHAPES, Shape
from tests.stores.table import row_of

slow = pytest.mark.slow


@pytest.mark.parametrize(
    "shape",
    [
        pytest.param(each, marks=() if each.is_quick else slow, id=f"{each.number}-{each.package}-{each.settings}")
        for each in SHAPES
        if each.package and not each.needs
    ],
)
def test_store_sells_by_mpesa_and_by_its_own_methods(shape: Shape) -> None:
    row = row_of(shape)

    assert row.errors == [], "\n\n".join(row.errors)
    assert row.is_green, row.cells


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        pytest.param("tests.stores.duka.settings_first", id="M-PESA is the first app"),
        pytest.param("tests.stores.by_hand.settings", id="mixins added by hand"),
    ],
)
def test_shop_sells_by_mpesa_and_card(settings: str) -> None:
    done = run("pytest", "tests/stores/duka/purchases.py", "--quiet", "-p", "no:cacheprovider", settings=settings)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 passed" in done.stdout


@pytest.mark.slow
def test_paypals_view_sells_though_it_inherits_from_our_mixin() -> None:
    module, settings = "tests/stores/paypal/purchases.py", "tests.stores.paypal_by_hand.settings"

    done = run("pytest", module, "--quiet", "-p", "no:cacheprovider", settings=settings)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "3 passed" in done.stdout


def test_deployment_check_fails_and_names_the_missing_mixins() -> None:
    done = run("django", "check", "--deploy", settings="tests.stores.by_hand.settings_without_mixins")

    assert done.returncode == 1, done.stdout
    assert "oscar_mpesa.E001" in done.stderr
    assert "oscar_mpesa.checkout.mixins.MpesaPaymentDetailsMixin the first base" in done.stderr


def test_documented_shops_are_tested_ones() -> None:
    text = (ROOT / "docs" / "tested-shops.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (?!Your shop)([^|]+) \|", text, re.MULTILINE)

    assert len(rows) > 10
    assert set(rows) <= {shape.words for shape in SHAPES}


def test_readme_adds_few_lines_that_run() -> None:
    assert [len(readme.settings_lines()), len(readme.url_lines()), readme.choice()] == [5, 1, '("mpesa", "M-PESA")']
