"""Oscar's checkout that adds the tax once the address is known, as in Oscar's guide, and takes cards."""
