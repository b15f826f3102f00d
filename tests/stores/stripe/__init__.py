"""A shop whose cards are paid on the gateway's page, with the class structure of django-oscar-stripe-sca."""
