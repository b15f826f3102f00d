"""Check the shop's set-up, for the dashboard's set-up page and for ``mpesa_check_setup``."""
