"""A shop whose checkout names its view classes in its own URLs."""
