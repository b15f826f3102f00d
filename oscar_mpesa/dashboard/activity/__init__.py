"""The activity page: which member of staff did what, and when."""
