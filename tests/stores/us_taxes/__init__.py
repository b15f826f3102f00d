"""A shop with American taxes, which the checkout adds, and with prices in shillings and in dollars."""
