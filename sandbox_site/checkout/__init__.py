"""Fork of Oscar's checkout with cash on delivery."""
