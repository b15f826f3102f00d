"""Callback addresses, with and without the last slash: a redirect would turn a POST into a loss."""

from django.urls import re_path

from oscar_mpesa.callbacks.views import callback

SECRET = r"(?P<secret>[^/]+)"

urlpatterns = [
    re_path(r"^mpesa/callback/?$", callback, name="callback"),
    re_path(rf"^mpesa/callback/{SECRET}/?$", callback, name="callback-secret"),
    # The same without the word "mpesa", which Safaricom's address filter is known to refuse.
    re_path(rf"^hooks/{SECRET}/?$", callback, name="hook"),
]
