"""The protocols of the German programme EasyWk: events are `Wettkampf`, times `01:16,76`, ages years of birth."""

from app.extractions.layouts.easywk.reader import read, recognise

__all__ = ["read", "recognise"]
