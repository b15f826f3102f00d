"""The shop's checkout with the M-PESA mixins, as in docs/by-hand.md."""
