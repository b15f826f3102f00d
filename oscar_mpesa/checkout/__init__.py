"""The shopper's pages: choose M-PESA, enter a phone, place the order, follow the payment."""
