"""Callback URLs, with and without a final slash, because Safaricom does not follow redirects."""

from django.urls import path, re_path

from oscar_mpesa.callbacks.views import callback, not_found

SECRET = r"(?P<secret>[^/]+)"  # nosec B105 # a pattern

urlpatterns = [
    re_path(r"^mpesa/callback/?$", callback, name="callback"),
    re_path(rf"^mpesa/callback/{SECRET}/?$", callback, name="callback-secret"),
    # Without the word "mpesa", which Safaricom refuses in some URLs.
    re_path(rf"^hooks/{SECRET}/?$", callback, name="hook"),
    path("hooks/<path:longer>", not_found),
    path("mpesa/callback/<path:longer>", not_found),
]
