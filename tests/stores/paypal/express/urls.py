"""URLs of PayPal Express. The shop mounts them beside Oscar's."""

from __future__ import annotations

from django.urls import path

from tests.stores.paypal.express import views

urlpatterns = [
    path("redirect/", views.RedirectView.as_view(), name="paypal-redirect"),
    path("payment/", views.RedirectView.as_view(as_payment_method=True), name="paypal-direct-payment"),
    path("cancel/<int:basket_id>/", views.CancelResponseView.as_view(), name="paypal-cancel-response"),
    path("place-order/<int:basket_id>/", views.SuccessResponseView.as_view(), name="paypal-place-order"),
    path("preview/<int:basket_id>/", views.SuccessResponseView.as_view(preview=True), name="paypal-success-response"),
]
