"""A shop without pages of its own for paying: apps order from it through django-oscar-api."""
