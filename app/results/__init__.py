"""Share codes: a result that can be opened without a key by whoever has its code."""
