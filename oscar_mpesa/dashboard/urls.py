"""The desk's addresses, inside Oscar's dashboard: ``dashboard:mpesa-overview`` and its neighbours."""

from django.urls import path

from oscar_mpesa.dashboard.callbacks import CallbackListView, CallbackProcessView, CallbackView
from oscar_mpesa.dashboard.overview import OverviewView
from oscar_mpesa.dashboard.receipt import ApplyReceiptView, ExplainReceiptView, ReceiptView, ReturnReceiptView
from oscar_mpesa.dashboard.receipts import ReceiptListView
from oscar_mpesa.dashboard.receipts_export import export_receipts
from oscar_mpesa.dashboard.recording import RecordView
from oscar_mpesa.dashboard.setup import SetupView

urlpatterns = [
    path("", OverviewView.as_view(), name="mpesa-overview"),
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
