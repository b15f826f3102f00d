"""What a shopkeeper and a monitor look at: what needs somebody, what came in. Reads, and changes no money."""
