"""The shop's checkout with the mixins of M-Pesa in it, as docs/by-hand.md says."""
