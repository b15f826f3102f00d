"""URLs of the API and of callbacks: ``path("api/payments/", include("oscar_mpesa.urls"))``, not in i18n_patterns."""

from django.urls import include, path

__all__ = ["urlpatterns"]

app_name = "oscar_mpesa"

urlpatterns = [
    path("", include("oscar_mpesa.callbacks.urls")),
    path("", include("oscar_mpesa.api.urls")),
]
