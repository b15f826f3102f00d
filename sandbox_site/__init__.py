"""Duka la Pwani: a demo django-oscar shop that takes M-Pesa, and the site that the tests run on."""
