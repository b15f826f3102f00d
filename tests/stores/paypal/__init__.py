"""A shop that takes PayPal Express and cards, with the class structure of django-oscar-paypal and its sandbox."""
