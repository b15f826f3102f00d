"""The demo's telephone: a page that looks like the shopper's phone. Refuses wherever payments are not simulated."""
