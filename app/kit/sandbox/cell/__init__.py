"""The cell that a sandboxed child locks itself into before it reads what a stranger sent: decision 0026."""
