"""A payment link that staff pass on: its address, and the text around it."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote, urlencode

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from oscar_mpesa.conf import PRODUCTION
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.domain.phone import PhoneNumber
from oscar_mpesa.models import MpesaOrder, MpesaPayLink


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedLink:
    """The link, and the addresses that open WhatsApp and an email with it; ``email`` is "" without one."""

    url: str = field(repr=False)
    whatsapp: str = field(repr=False)
    email: str = field(repr=False)


def shared_link(
    request: HttpRequest, mpesa_order: MpesaOrder, link: MpesaPayLink, *, phone: PhoneNumber | None, email: str
) -> SharedLink:
    """Return the link as staff pass it on. Without a ``phone``, they choose the contact in WhatsApp."""
    url = request.build_absolute_uri(reverse("checkout:mpesa-pay-link", args=[link.token]))
    shop, number = getattr(settings, "OSCAR_SHOP_NAME", ""), mpesa_order.order.number
    test = "" if mpesa_order.environment == PRODUCTION else "TEST: "
    values = {"amount": ksh(mpesa_order.amount_due), "number": number, "shop": shop, "url": url}
    text = test + _("%(shop)s: pay %(amount)s for order %(number)s by M-PESA here: %(url)s") % values
    subject = test + _("Pay for order %(number)s by M-PESA") % values
    mail = urlencode({"subject": subject, "body": text}, quote_via=quote)
    return SharedLink(
        url=url,
        whatsapp=f"https://wa.me/{phone.msisdn if phone else ''}?{urlencode({'text': text}, quote_via=quote)}",
        email=f"mailto:{quote(email, safe='@')}?{mail}" if email else "",
    )
