"""The page of one payment: the summary, the customer's page, the actions, the facts and the timeline."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Count
from django.http import Http404
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.generic import TemplateView

from oscar_mpesa.access.staff_permissions import ACT, BLOCK, RECORD, RELEASE
from oscar_mpesa.conf import PRODUCTION
from oscar_mpesa.daraja.redaction import redact, redact_checkout_id
from oscar_mpesa.dashboard.blocked_phones.forms import BlockPhoneForm
from oscar_mpesa.dashboard.links import link
from oscar_mpesa.dashboard.mixins import DashboardMixin
from oscar_mpesa.dashboard.payments.customer import customer_of
from oscar_mpesa.dashboard.payments.forms import CloseOrderForm, NoteForm, OtherNumberForm
from oscar_mpesa.dashboard.payments.notifications import messages_of_same_order, notifications
from oscar_mpesa.dashboard.payments.order_ledger import OrderLedger, order_ledger
from oscar_mpesa.dashboard.payments.order_panel import claim_rows, receipt_rows
from oscar_mpesa.dashboard.payments.prompt_offer import prompt_offer
from oscar_mpesa.dashboard.payments.shared_link import shared_link
from oscar_mpesa.dashboard.payments.state import payment_state
from oscar_mpesa.dashboard.payments.summary import payment_summary
from oscar_mpesa.dashboard.payments.timeline import timeline
from oscar_mpesa.dashboard.viewer import viewer_of
from oscar_mpesa.domain.money import ksh
from oscar_mpesa.models import MpesaPayLink, MpesaPayment, MpesaReceipt, PushLimit
from oscar_mpesa.payment_page.page import payment_page
from oscar_mpesa.payment_page.queries import payments_of_same_order
from oscar_mpesa.services.pay_links import active_link, can_pass_on


@method_decorator(never_cache, name="dispatch")
class PaymentView(DashboardMixin, TemplateView):
    """One payment; the page changes nothing and does not query Safaricom."""

    template_name = "oscar_mpesa/dashboard/payments/detail.html"
    tab = "mpesa-payments"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Add everything on the page; raises ``Http404`` if there is no such payment."""
        context = super().get_context_data(**kwargs)
        payments = payments_of_same_order(kwargs["pk"])
        payment = next((each for each in payments if each.pk == kwargs["pk"]), None)
        if payment is None:
            raise Http404
        shows_phones = context["shows_phones"]
        phone = payment.phone_number.grouped if shows_phones else payment.phone_number.masked
        return {
            **context,
            **self._payment_context(payment, newest=payments[0], phone=phone, shows_phones=shows_phones),
            **_forms(),
            "state": payment_state(payment, newest=payments[0].pk, now=timezone.now()),
            **self._customer(payment, shows_phones=shows_phones),
            "payment": payment,
            "phone": phone,
            "checkout_id": _checkout_id(payment, shows_phones=shows_phones),
            "result_description": redact(payment.result_description, shows_phones=shows_phones),
            "is_settled": payment.mpesa_order.is_paid or payment.mpesa_order.is_closed,
            "is_test": payment.environment != PRODUCTION,
            "offer": prompt_offer(
                payment.mpesa_order.order,
                payment.mpesa_order,
                payment.phone_number,
                user=self.request.user,
                newest=payments[0].pk,
            ),
            "refused_tries": _refused_tries(payment),
            "others": [each for each in payments if each is not payment],
        }

    def _payment_context(
        self, payment: MpesaPayment, *, newest: MpesaPayment, phone: str, shows_phones: bool
    ) -> dict[str, Any]:
        """Return the customer's page of the order, and the payment's money, timeline and actions."""
        ledger, pay_link = order_ledger(payment.mpesa_order), active_link(payment.mpesa_order, now=timezone.now())
        page = payment_page(newest, now=timezone.now(), shows_number=shows_phones)
        own, messages = ledger.receipt_of(payment), messages_of_same_order(payment)
        receipts, viewer = [own] if own else [], viewer_of(self.request.user)
        others = [each for each in ledger.receipts if each is not own]
        entries = timeline(payment, receipts, messages, viewer=viewer)
        summary = payment_summary(payment, page, ledger, newest=newest, phone=phone, shows_phones=shows_phones)
        return {
            "page": page,
            "summary": summary,
            "ledger": ledger,
            "own_money": receipt_rows(ledger, receipts),
            "other_money": [*claim_rows(ledger), *receipt_rows(ledger, others)],
            "timeline": entries,
            "notes": [each for each in reversed(entries) if each.is_note],
            "notifications": notifications(messages, shows_phones=shows_phones),
            "pay_link": pay_link,
            "may": self._may(payment, ledger, pay_link),
            "refund_url": self._refund_url(own, ledger),
            "close_sentences": list(_close_sentences(ledger)),
        }

    def _customer(self, payment: MpesaPayment, *, shows_phones: bool) -> dict[str, Any]:
        """Return the customer, and the payment link that staff who may act can pass on."""
        mpesa_order, user = payment.mpesa_order, self.request.user
        customer = customer_of(mpesa_order.order, payment.phone_number, viewer_of(user))
        link = active_link(mpesa_order, now=timezone.now()) if user.has_perm(ACT) else None
        phone, email = payment.phone_number if shows_phones else None, customer.mailto if customer else ""
        shared = shared_link(self.request, mpesa_order, link, phone=phone, email=email) if link else None
        return {"customer": customer, "shared_link": shared}

    def _may(self, payment: MpesaPayment, ledger: OrderLedger, pay_link: MpesaPayLink | None) -> dict[str, bool]:
        """Return which actions to show; the services check permissions and states again."""
        user = self.request.user
        may_act, lacks_code = user.has_perm(ACT), any(each.number is None for each in ledger.receipts)
        is_blocked = getattr(payment, "is_blocked", False)
        return {
            "check_status": may_act and payment.checkout_request_id is not None and not payment.is_paid,
            "add_note": may_act,
            "send_again": may_act,
            "make_link": may_act and pay_link is None and can_pass_on(payment.mpesa_order, now=timezone.now()),
            "revoke_link": may_act and pay_link is not None,
            "record": user.has_perm(RECORD) and (not ledger.mpesa_order.is_paid or lacks_code),
            "close": user.has_perm(RELEASE) and payment.mpesa_order.is_awaiting_payment,
            "block": user.has_perm(BLOCK) and not is_blocked,
        }

    def _refund_url(self, own: MpesaReceipt | None, ledger: OrderLedger) -> str:
        """Return the page that records a refund of the payment's money, "" if none of it counts for the order."""
        if own is None or ledger.worth_here(own) <= 0:
            return ""
        return link(self.request.user, "dashboard:mpesa-receipt-refund", own.pk)


def _forms() -> dict[str, Any]:
    """Return the empty forms of the actions."""
    return {
        "block_form": BlockPhoneForm(),
        "close_form": CloseOrderForm(),
        "note_form": NoteForm(),
        "number_form": OtherNumberForm(),
    }


def _close_sentences(ledger: OrderLedger) -> Iterator[str]:
    """Yield what closing the order does to the money that counts for it."""
    proven = ledger.kept_amount - ledger.unconfirmed
    if proven > 0:
        yield _("%(amount)s counts for it now. It will be unmatched.") % {"amount": ksh(proven)}
    if ledger.unconfirmed:
        values = {"amount": ksh(ledger.unconfirmed)}
        yield _("%(amount)s that staff recorded counts for it now. It will count for nothing.") % values


def _refused_tries(payment: MpesaPayment) -> list[tuple[str, int]]:
    """Return the limits that refused prompts for the payment's order, and how many each refused."""
    refused = payment.mpesa_order.push_attempts.exclude(refused_by="").order_by("refused_by")
    counts = refused.values_list("refused_by").annotate(Count("pk"))
    return [(str(PushLimit(limit).label), count) for limit, count in counts]


def _checkout_id(payment: MpesaPayment, *, shows_phones: bool) -> str:
    """Return the checkout id; its end, which contains the phone, is masked if necessary."""
    checkout_id = payment.checkout_request_id or ""
    return checkout_id if shows_phones else redact_checkout_id(checkout_id)
