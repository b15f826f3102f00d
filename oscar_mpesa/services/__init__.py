"""Change the state of payments and money. Services see no request and no Oscar; ``now`` is an argument."""
