"""A shop whose preview opens only for shoppers whose card is known."""
