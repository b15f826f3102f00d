"""Duka la Pwani: a demo django-oscar shop that takes M-PESA, and the project that the tests run on."""
