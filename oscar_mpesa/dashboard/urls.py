"""The desk's addresses, inside Oscar's dashboard: ``dashboard:mpesa-overview`` and its neighbours."""

from django.urls import path

from oscar_mpesa.dashboard.acting import AskView, BlockView, ReleaseView, SendView
from oscar_mpesa.dashboard.blocked import BlockedListView, UnblockView
from oscar_mpesa.dashboard.callbacks import CallbackListView, CallbackProcessView, CallbackView
from oscar_mpesa.dashboard.overview import OverviewView
from oscar_mpesa.dashboard.payment import PaymentView
from oscar_mpesa.dashboard.payments import PaymentExportView, PaymentListView
from oscar_mpesa.dashboard.receipt import ApplyReceiptView, ExplainReceiptView, ReceiptView, ReturnReceiptView
from oscar_mpesa.dashboard.receipts import ReceiptListView
from oscar_mpesa.dashboard.receipts_export import export_receipts
from oscar_mpesa.dashboard.recording import RecordView
from oscar_mpesa.dashboard.setup import SetupView

urlpatterns = [
    path("", OverviewView.as_view(), name="mpesa-overview"),
    path("payments/", PaymentListView.as_view(), name="mpesa-payments"),
    path("payments/export/", PaymentExportView.as_view(), name="mpesa-payments-export"),
    path("payments/<int:pk>/", PaymentView.as_view(), name="mpesa-payment"),
    path("payments/<int:pk>/ask/", AskView.as_view(), name="mpesa-payment-ask"),
    path("payments/<int:pk>/send/", SendView.as_view(), name="mpesa-payment-send"),
    path("payments/<int:pk>/block/", BlockView.as_view(), name="mpesa-payment-block"),
    path("payments/<int:pk>/release/", ReleaseView.as_view(), name="mpesa-payment-release"),
    path("blocked/", BlockedListView.as_view(), name="mpesa-blocked"),
    path("blocked/<int:pk>/allow/", UnblockView.as_view(), name="mpesa-unblock"),
    path("money/", ReceiptListView.as_view(), name="mpesa-receipts"),
    path("money/export/", export_receipts, name="mpesa-receipts-export"),
    path("money/record/", RecordView.as_view(), name="mpesa-record"),
    path("money/<int:pk>/", ReceiptView.as_view(), name="mpesa-receipt"),
    path("money/<int:pk>/use/", ApplyReceiptView.as_view(), name="mpesa-receipt-apply"),
    path("money/<int:pk>/return/", ReturnReceiptView.as_view(), name="mpesa-receipt-return"),
    path("money/<int:pk>/close/", ExplainReceiptView.as_view(), name="mpesa-receipt-explain"),
    path("callbacks/", CallbackListView.as_view(), name="mpesa-callbacks"),
    path("callbacks/<int:pk>/", CallbackView.as_view(), name="mpesa-callback"),
    path("callbacks/<int:pk>/process/", CallbackProcessView.as_view(), name="mpesa-callback-process"),
    path("set-up/", SetupView.as_view(), name="mpesa-setup"),
]
