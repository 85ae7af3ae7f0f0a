"""What is waited for: the database and the storage, away, full or failing."""
