"""Fork of Oscar's shipping with the shop's own methods."""
