"""M-PESA for django-oscar: shoppers pay by a request on their phone."""

__version__ = "0.1.0"
