"""The shop ``paypal`` with the mixins added by hand, so that PayPal's view inherits from ours."""
