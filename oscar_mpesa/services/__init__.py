"""The verbs: all that can happen to money. No request, no Oscar; ``now`` is an argument."""
