"""Who may see and do what, where a request comes from, and a payment in the shopper's words. Changes no money."""
