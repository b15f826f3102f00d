"""A shop without pages for paying: apps order through django-oscar-api."""
