"""The desk's addresses, inside Oscar's dashboard: ``dashboard:mpesa-overview`` and its neighbours."""

from django.urls import path

from oscar_mpesa.dashboard.acting import AskView, BlockView, ReleaseView, SendView
from oscar_mpesa.dashboard.overview import OverviewView
from oscar_mpesa.dashboard.payment import PaymentView
from oscar_mpesa.dashboard.payments import PaymentExportView, PaymentListView

urlpatterns = [
    path("", OverviewView.as_view(), name="mpesa-overview"),
    path("payments/", PaymentListView.as_view(), name="mpesa-payments"),
    path("payments/export/", PaymentExportView.as_view(), name="mpesa-payments-export"),
    path("payments/<int:pk>/", PaymentView.as_view(), name="mpesa-payment"),
    path("payments/<int:pk>/ask/", AskView.as_view(), name="mpesa-payment-ask"),
    path("payments/<int:pk>/send/", SendView.as_view(), name="mpesa-payment-send"),
    path("payments/<int:pk>/block/", BlockView.as_view(), name="mpesa-payment-block"),
    path("payments/<int:pk>/release/", ReleaseView.as_view(), name="mpesa-payment-release"),
]
