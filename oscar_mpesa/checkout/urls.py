"""The shopper's pages, mounted inside Oscar's checkout: ``checkout:mpesa-wait`` and its neighbours."""

from django.urls import path

from oscar_mpesa.checkout.views import DoneView, RetryView, StatusView, WaitView

urlpatterns = [
    path("mpesa/<str:public_id>/", WaitView.as_view(), name="mpesa-wait"),
    path("mpesa/<str:public_id>/status/", StatusView.as_view(), name="mpesa-status"),
    path("mpesa/<str:public_id>/retry/", RetryView.as_view(), name="mpesa-retry"),
    path("mpesa/<str:public_id>/done/", DoneView.as_view(), name="mpesa-done"),
]
