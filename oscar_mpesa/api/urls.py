"""URLs of the API, with and without a trailing slash, because a redirect would lose the body of a POST."""

from django.urls import path

from oscar_mpesa.api.health import health
from oscar_mpesa.api.views import check_status, initiate

urlpatterns = [
    path("health/", health, name="health"),
    path("health", health),
    path("initiate_mpesa/", initiate, name="initiate"),
    path("initiate_mpesa", initiate),
    path("<int:payment_id>/check_status/", check_status, name="check-status"),
    path("<int:payment_id>/check_status", check_status),
]
