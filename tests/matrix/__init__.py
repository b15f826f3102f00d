"""Install and test the app with every Python, Django and Oscar that it supports, and with the lowest dependencies."""
