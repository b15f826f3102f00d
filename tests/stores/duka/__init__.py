"""A shop that ran before it took M-Pesa: a forked checkout, a payment chooser of its own, and cards."""
