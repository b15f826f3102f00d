"""The shop's checkout with the mixins of M-Pesa in it, as docs/manual-integration.md says."""
