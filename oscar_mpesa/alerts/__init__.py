"""Find what needs the owner's attention and report it. Reads the shop's rows and changes no money."""
