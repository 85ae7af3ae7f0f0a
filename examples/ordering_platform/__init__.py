"""A small ordering platform to register restaurants on, with faults that can be switched on."""
