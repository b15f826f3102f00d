"""The shopper's pages, mounted inside Oscar's checkout: ``checkout:mpesa-wait`` and its neighbours."""

from django.urls import re_path

from oscar_mpesa.checkout.closing import OtherMethodView, RestoreView
from oscar_mpesa.checkout.later import LaterView, LinkView
from oscar_mpesa.checkout.views import DoneView, RetryView, StatusView, WaitView

ORDER = r"(?P<public_id>[0-9a-f]{32})"

urlpatterns = [
    re_path(rf"^mpesa/{ORDER}/$", WaitView.as_view(), name="mpesa-wait"),
    re_path(rf"^mpesa/{ORDER}/status/$", StatusView.as_view(), name="mpesa-status"),
    re_path(rf"^mpesa/{ORDER}/retry/$", RetryView.as_view(), name="mpesa-retry"),
    re_path(rf"^mpesa/{ORDER}/restore/$", RestoreView.as_view(), name="mpesa-restore"),
    re_path(rf"^mpesa/{ORDER}/later/$", LaterView.as_view(), name="mpesa-later"),
    re_path(r"^mpesa/pay/(?P<token>[\w.-]+)/$", LinkView.as_view(), name="mpesa-link"),
    re_path(rf"^mpesa/{ORDER}/other/$", OtherMethodView.as_view(), name="mpesa-other"),
    re_path(rf"^mpesa/{ORDER}/done/$", DoneView.as_view(), name="mpesa-done"),
]
