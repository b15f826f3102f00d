"""A shop with a forked checkout, its own chooser of methods, and cards."""
