"""Swahili sentences that were reviewed, held by their English."""

from __future__ import annotations

import re

import pytest

from tests.house.messages import SHOP_LOCALE, kept

REVIEWED = [
    ("Stop refreshing", "label", "Simamisha"),
    (
        "Enter your PIN only on the phone. We never ask for it here.",
        None,
        "Weka PIN yako kwenye simu pekee. Hatutawahi kukuomba PIN hapa.",
    ),
    (
        "Not your phone? Ask its owner to enter their own PIN.",
        None,
        "Si simu yako? Mwambie mwenye simu aweke PIN yake.",
    ),
    (
        "The prompt shows <strong>%(name)s</strong>. If it shows another name, press Cancel and call us.",
        None,
        "Ombi litaonyesha jina <strong>%(name)s</strong>. Ukiona jina jingine, bonyeza Cancel na utupigie.",
    ),
    ("No prompt on the phone?", None, "Hujaona ombi kwenye simu?"),
    ("Rounding to whole shillings", None, "Kukamilisha shilingi"),
    ("Your order is paid.", None, "Oda yako imelipiwa."),
    ("Your order is not paid yet.", None, "Oda yako bado haijalipiwa."),
    ("This order is already paid.", None, "Oda hii imeshalipiwa."),
    ("Old SIM: call Safaricom on 100.", None, "Laini ya zamani: pigia Safaricom 100."),
    (
        "There isn't enough money on {number}. Top up, or pay from another number. {N}",
        None,
        "Salio la {number} halitoshi. Ongeza salio, au lipa kwa nambari nyingine. {N}",
    ),
    (
        "The M-PESA PIN was wrong. Check it, then send the prompt again. Several wrong PINs lock M-PESA. {N}",
        None,
        (
            "PIN iliyowekwa haikuwa sahihi. Hakikisha ni sahihi, kisha utume ombi tena. "
            "PIN ikikosewa mara kadhaa, itafungwa. {N}"
        ),
    ),
    ("Send the prompt to this number", None, "Tuma ombi kwa nambari hii"),
    (
        "This closes order %(number)s and puts its items back in your basket.",
        None,
        "Oda %(number)s itafungwa, na bidhaa zitarudi kwenye kikapu chako.",
    ),
    ("If an item has sold out, we'll tell you.", None, "Ikiwa kuna bidhaa iliyoisha, tutakujulisha."),
    ("You chose to pay for order %(number)s later.", None, "Umechagua kulipia oda %(number)s baadaye."),
    (
        "Rounded up from %(total)s: M-PESA takes whole shillings.",
        None,
        "Imeongezwa kutoka %(total)s: M-PESA hupokea shilingi kamili tu.",
    ),
    (
        "This number has too few digits. A Safaricom number looks like 0712 345 678.",
        None,
        "Nambari hii ni fupi mno. Nambari ya Safaricom hufanana na 0712 345 678.",
    ),
    ("Canceled on the phone", None, "Ombi limeghairiwa kwenye simu"),
    ("Not enough balance", None, "Salio halitoshi"),
    ("The prompt stays until %(time)s.", None, "Ombi litakaa hadi %(time)s."),
    ("No connection. The prompt is still on the phone.", None, "Hakuna mtandao. Ombi bado liko kwenye simu."),
    (
        "If an M-PESA SMS says Confirmed, don't pay again: call us.",
        None,
        "Ikiwa SMS ya M-PESA inasema Confirmed (Imethibitishwa), usilipe tena: tupigie.",
    ),
    (
        "We can't send a prompt to this number right now. Use another number, or try again later.",
        None,
        "Hatuwezi kutuma ombi kwa nambari hii kwa sasa. Tumia nambari nyingine, au jaribu tena baadaye.",
    ),
    (
        "You can close this page. The shop and the buyer know.",
        None,
        "Unaweza kufunga ukurasa huu. Duka na mnunuzi wameshajulishwa.",
    ),
    ("Send the link by WhatsApp", None, "Tuma kwa WhatsApp"),
    ("No real money moves.", None, "Ni jaribio: hakuna pesa zitakazokatwa."),
    ("Show all", "button", "Onyesha yote"),
]
#: An order is paid *for*: "imelipiwa", not "imelipwa".
PAID_WITHOUT_FOR = re.compile(
    r"\b(imelipwa|haijalipwa|imeshalipwa|isiyolipwa|zisizolipwa|zilizolipwa)\b", re.IGNORECASE
)


@pytest.mark.parametrize(("english", "context", "swahili"), REVIEWED)
def test_reviewed_sentence_is_kept(english: str, context: str | None, swahili: str) -> None:
    found = kept("sw").get(english, context)

    assert found is not None
    assert found.string == swahili


def test_demo_shop_asks_where_to_deliver() -> None:
    found = kept("sw", SHOP_LOCALE).get("Where should we ship to?")

    assert found is not None
    assert found.string == "Tukuletee wapi?"


def test_orders_are_paid_for() -> None:
    sentences = [str(message.string) for message in kept("sw") if message.id]

    assert any("imelipiwa" in sentence for sentence in sentences)
    assert [sentence for sentence in sentences if PAID_WITHOUT_FOR.search(sentence)] == []
