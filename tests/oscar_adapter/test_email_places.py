"""Rows about the payment stand inside the body of the shop's email."""

from __future__ import annotations

import pytest

from oscar_mpesa.oscar_adapter.email_places import insert_html, insert_text

ROWS = '<table class="mpesa-rows"></table>'
NESTED = '<table class="a order-items"><tr><td><table><tr><td>1</td></tr></table></td></tr></table>'


@pytest.mark.parametrize(
    ("before", "rest"),
    [
        ('<body>\n<table class="order-items">\n<tr><td>1</td></tr></table\n>', "<p>Bye</p></body>"),
        (f"<body>{NESTED}", "</body>"),
        ('<!-- <table class="order-items"></table> --><table class="order-items"></table>', "</table>"),
        ('<table class="order-items"></table>', '<table class="order-items"></table>'),
    ],
    ids=["Oscar's", "a table inside", "a comment before", "another table after"],
)
def test_rows_follow_the_table_of_totals(before: str, rest: str) -> None:
    assert insert_html(before + rest, ROWS) == before + ROWS + rest


def test_rows_end_the_main_content_of_an_email_without_totals() -> None:
    before = '<body><td class="content-wrap">\n<table><tr><td>Thanks</td></tr><table></table>'
    rest = "</table></td></body>"

    assert insert_html(before + rest, ROWS) == f'{before}<tr><td class="content-block">{ROWS}</td></tr>{rest}'


@pytest.mark.parametrize(
    ("before", "rest"),
    [("<html><body><p>Hi</p>", "</body></html>"), ("<p>Hi</p>", "</html>"), ("<p>Hi</p>", ""), ("<table>", "")],
)
def test_rows_end_the_body_of_any_other_email(before: str, rest: str) -> None:
    assert insert_html(before + rest, ROWS) == f"{before}<div>{ROWS}</div>{rest}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Items\nTotal: 5\n\nAddress\n", "Items\nTotal: 5\n\nRow\n\nAddress\n"),
        ("Thank you.\n\n", "Thank you.\n\nRow\n"),
    ],
)
def test_lines_follow_the_total_or_end_the_text(text: str, expected: str) -> None:
    assert insert_text(text, "Row", after="Total:") == expected
