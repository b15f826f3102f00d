"""The demo shop's theme mends Oscar's HTML, and leaves what is right."""

from __future__ import annotations

import pytest

from sandbox_site.mended import mended


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            "<h1>Basket</h1><h3>Kiondo</h3><h4 id='x'>More</h4><h2>Totals</h2>",
            '<h1>Basket</h1><h2 class="h3">Kiondo</h2><h3 id=\'x\' class="h4">More</h3><h2>Totals</h2>',
            id="level",
        ),
        pytest.param(
            "<aside><h4>Filter</h4></aside><h1>All</h1>",
            '<aside><h2 class="h4">Filter</h2></aside><h1>All</h1>',
            id="level before the title",
        ),
        pytest.param(
            '<h1>A</h1><h3 class="big">B</h3>',
            '<h1>A</h1><h2 class="h3 big">B</h2>',
            id="level of a heading with class",
        ),
        pytest.param('<h4 class="col-md-6">Items</h4>', '<p class="h4 col-md-6">Items</p>', id="title of a column"),
        pytest.param('<tr><th colspan="2"> &nbsp;</th></tr>', '<tr><td colspan="2"></td></tr>', id="empty header"),
        pytest.param(
            '<a href="/x/">\n<img src="y" alt="" class="z">\n</a>',
            '<a tabindex="-1" aria-hidden="true" href="/x/">\n<img src="y" alt="" class="z">\n</a>',
            id="picture without a name",
        ),
        pytest.param(
            '<input type="number" name="form-0-quantity">',
            '<input aria-label="Quantity" type="number" name="form-0-quantity">',
            id="quantity",
        ),
        pytest.param(
            '<table class="table table-striped table-bordered"><tr></tr></table>',
            '<div class="duka-scroll" role="group" tabindex="0" aria-label="Order">'
            '<table class="table table-striped table-bordered"><tr></tr></table></div>',
            id="wide table",
        ),
    ],
)
def test_fault_of_oscars_templates_is_mended(before: str, after: str) -> None:
    assert mended(before) == after


def test_right_html_stays() -> None:
    right = '<h1>A</h1><h2>B</h2><th>C</th><a href="/x/"><img src="y" alt="Kiondo"></a><table class="table"></table>'

    assert mended(right) == right
