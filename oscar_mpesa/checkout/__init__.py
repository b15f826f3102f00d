"""The shopper's door: choosing M-PESA, naming a phone, placing the order, waiting for the answer."""
