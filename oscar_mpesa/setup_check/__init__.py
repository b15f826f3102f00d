"""Is the shop set up rightly? One verb behind two doors: the set-up page and ``mpesa_check_setup``."""
