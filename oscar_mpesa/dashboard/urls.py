"""The pages' URLs inside Oscar's dashboard, in its namespace: ``dashboard:mpesa-overview``."""

from django.urls import path

from oscar_mpesa.dashboard.blocked_phones.views import BlockedPhoneListView, UnblockPhoneView
from oscar_mpesa.dashboard.callbacks.views import CallbackListView, CallbackProcessView, CallbackView
from oscar_mpesa.dashboard.money.detail import AllocateReceiptView, ReceiptView, RefundReceiptView, ResolveReceiptView
from oscar_mpesa.dashboard.money.export import export_receipts
from oscar_mpesa.dashboard.money.record import RecordPaymentView
from oscar_mpesa.dashboard.money.views import ReceiptListView
from oscar_mpesa.dashboard.overview.views import OverviewView
from oscar_mpesa.dashboard.payments.actions import BlockPhoneView, CheckStatusView, CloseOrderView, SendPromptView
from oscar_mpesa.dashboard.payments.detail import PaymentView
from oscar_mpesa.dashboard.payments.export import PaymentExportView
from oscar_mpesa.dashboard.payments.views import PaymentListView
from oscar_mpesa.dashboard.setup.views import SetupView

urlpatterns = [
    path("", OverviewView.as_view(), name="mpesa-overview"),
    path("payments/", PaymentListView.as_view(), name="mpesa-payments"),
    path("payments/export/", PaymentExportView.as_view(), name="mpesa-payments-export"),
    path("payments/<int:pk>/", PaymentView.as_view(), name="mpesa-payment"),
    path("payments/<int:pk>/check-status/", CheckStatusView.as_view(), name="mpesa-payment-check-status"),
    path("payments/<int:pk>/send-prompt/", SendPromptView.as_view(), name="mpesa-payment-send-prompt"),
    path("payments/<int:pk>/block-phone/", BlockPhoneView.as_view(), name="mpesa-payment-block-phone"),
    path("payments/<int:pk>/close-order/", CloseOrderView.as_view(), name="mpesa-payment-close-order"),
    path("blocked-phones/", BlockedPhoneListView.as_view(), name="mpesa-blocked-phones"),
    path("blocked-phones/<int:pk>/unblock/", UnblockPhoneView.as_view(), name="mpesa-unblock-phone"),
    path("money/", ReceiptListView.as_view(), name="mpesa-receipts"),
    path("money/export/", export_receipts, name="mpesa-receipts-export"),
    path("money/record/", RecordPaymentView.as_view(), name="mpesa-record"),
    path("money/<int:pk>/", ReceiptView.as_view(), name="mpesa-receipt"),
    path("money/<int:pk>/allocate/", AllocateReceiptView.as_view(), name="mpesa-receipt-allocate"),
    path("money/<int:pk>/refund/", RefundReceiptView.as_view(), name="mpesa-receipt-refund"),
    path("money/<int:pk>/resolve/", ResolveReceiptView.as_view(), name="mpesa-receipt-resolve"),
    path("callbacks/", CallbackListView.as_view(), name="mpesa-callbacks"),
    path("callbacks/<int:pk>/", CallbackView.as_view(), name="mpesa-callback"),
    path("callbacks/<int:pk>/process/", CallbackProcessView.as_view(), name="mpesa-callback-process"),
    path("set-up/", SetupView.as_view(), name="mpesa-setup"),
]
