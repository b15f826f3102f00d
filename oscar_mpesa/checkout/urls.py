"""URLs of the shopper's pages, mounted in Oscar's checkout as ``checkout:mpesa-payment`` and so on."""

from django.urls import re_path

from oscar_mpesa.checkout.no_access import UnknownOrderView
from oscar_mpesa.checkout.order_closure import OtherMethodView, RestoreBasketView
from oscar_mpesa.checkout.order_links import OrderLinkView
from oscar_mpesa.checkout.pay_later import PayLaterView
from oscar_mpesa.checkout.pay_links import PayLinkView, ReplaceLinkView, RevokeLinkView
from oscar_mpesa.checkout.views import FinishCheckoutView, PaymentPageView, PaymentStatusView, RetryPaymentView

ORDER = r"(?P<public_id>[0-9a-f]{32})"

urlpatterns = [
    re_path(rf"^mpesa/{ORDER}/$", PaymentPageView.as_view(), name="mpesa-payment"),
    re_path(rf"^mpesa/{ORDER}/status/$", PaymentStatusView.as_view(), name="mpesa-status"),
    re_path(rf"^mpesa/{ORDER}/retry/$", RetryPaymentView.as_view(), name="mpesa-retry"),
    re_path(rf"^mpesa/{ORDER}/restore-basket/$", RestoreBasketView.as_view(), name="mpesa-restore-basket"),
    re_path(rf"^mpesa/{ORDER}/pay-later/$", PayLaterView.as_view(), name="mpesa-pay-later"),
    re_path(r"^mpesa/pay/(?P<token>[A-Za-z0-9_.-]{1,200})/$", PayLinkView.as_view(), name="mpesa-pay-link"),
    re_path(r"^mpesa/order/(?P<token>[A-Za-z0-9_.-]{1,200})/$", OrderLinkView.as_view(), name="mpesa-order-link"),
    re_path(rf"^mpesa/{ORDER}/revoke-link/$", RevokeLinkView.as_view(), name="mpesa-revoke-link"),
    re_path(rf"^mpesa/{ORDER}/new-link/$", ReplaceLinkView.as_view(), name="mpesa-new-link"),
    re_path(rf"^mpesa/{ORDER}/other-method/$", OtherMethodView.as_view(), name="mpesa-other-method"),
    re_path(rf"^mpesa/{ORDER}/done/$", FinishCheckoutView.as_view(), name="mpesa-done"),
]

#: Addresses that no other pattern matches. They come last.
unknown = re_path(r"^mpesa/(?P<unknown>.+)/$", UnknownOrderView.as_view(), name="mpesa-unknown")
