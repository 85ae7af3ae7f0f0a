"""The service under every kind of fault, one after another, while batches come in; then the books are checked."""
