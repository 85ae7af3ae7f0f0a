"""Pictures of unknown origin: told apart, opened, turned upright, brought to sRGB, written for pages."""
