"""A shop below a path, on one of several sites, with a class loader and long order numbers of its own."""
