"""A shop that asks for the payment method on the preview, beside the button."""
