"""PayPal Express: the basket is frozen, PayPal authorizes the money, and the order is placed on the way back."""
