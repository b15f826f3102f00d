"""Buy by M-PESA in the shop's own checkout, in a transaction that is rolled back, and say what stands in the way."""
