"""All swims of a batch together: events in one form, days, best times, progressions."""
