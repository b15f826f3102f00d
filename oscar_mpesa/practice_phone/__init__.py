"""A demo page that looks like the shopper's phone. It answers 404 wherever payments are not simulated."""
