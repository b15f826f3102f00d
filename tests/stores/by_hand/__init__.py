"""The shop ``duka`` with the mixins added by hand, as in docs/by-hand.md."""
