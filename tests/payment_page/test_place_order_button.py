"""The button of a shop's own form gets its words for M-PESA, and nothing else changes."""

from __future__ import annotations

import pytest

from oscar_mpesa.payment_page.place_order_button import has_button, with_words

OSCARS = """<form method="post" id="place_order_form"><input type="checkbox" name="terms">
<button id='place-order' type="submit" class="btn btn-primary" data-loading-text="Submitting...">Place order</button>
<button id="place-order-later">Later</button></form>"""


def test_oscars_button_gets_its_words_and_the_form_stays() -> None:
    form = with_words(OSCARS, "Pay KSh 1,500", while_loading="Sending…")

    assert (
        form
        == """<form method="post" id="place_order_form"><input type="checkbox" name="terms">
<button id='place-order' type="submit" class="btn btn-primary" data-loading-text="Sending…">Pay KSh 1,500</button>
<button id="place-order-later">Later</button></form>"""
    )


@pytest.mark.parametrize(
    "button",
    [
        '<button id="place-order"><i class="fas fa-lock"></i> <span>Buy</span></button>',
        "<button type=submit id=place-order>Buy</button>",
        "<BUTTON type='submit'\n id='place-order'\n>Buy</BUTTON>",
        '<button title="a > b" id="place-order">Buy</button>',
        "<button id = 'place-order'/>Buy</button>",
    ],
)
def test_buttons_of_other_shapes_get_their_words(button: str) -> None:
    assert has_button(button)
    assert ">Pay KSh 90<" in with_words(button, "Pay KSh 90", while_loading="")


@pytest.mark.parametrize(
    "form",
    [
        "<button>Buy</button>",
        '<button id="place-order-now">Buy</button>',
        '<button data-id="place-order">Buy</button>',
        '<button-x id="place-order">Buy</button-x><button>Later</button>',
        "<button title=' id=place-order '>Help</button>",
        "<script>'<button id=\"place-order\">'</script><button>Buy</button>",
        '<!-- <button id="place-order">Buy</button> --><input type="submit" id="place-order" value="Buy">',
        '<button id="place-order">Buy',
    ],
)
def test_other_buttons_stay(form: str) -> None:
    assert not has_button(form)
    assert with_words(form, "Pay KSh 90", while_loading="") == form


def test_button_in_a_comment_does_not_hide_the_real_one() -> None:
    old = '<!-- <button id="place-order">Old</button> -->\n'

    form = with_words(f'{old}<button id="place-order">Buy</button>', "Pay KSh 90", while_loading="")

    assert form == f'{old}<button id="place-order">Pay KSh 90</button>'


def test_both_of_two_buttons_get_their_words() -> None:
    form = "<button id=place-order data-loading-text=Wait>Buy</button>\n" * 2

    assert with_words(form, "Pay KSh 90", while_loading="Sending…") == (
        '<button id=place-order data-loading-text="Sending…">Pay KSh 90</button>\n' * 2
    )


def test_words_are_escaped() -> None:
    form = "<button id=\"place-order\" data-loading-text='Wait'>Buy</button>"

    assert with_words(form, "<b>\\1", while_loading='"x') == (
        '<button id="place-order" data-loading-text="&quot;x">&lt;b&gt;\\1</button>'
    )
