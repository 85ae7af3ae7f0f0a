"""Batches of assets (document 001): images for the web, contact sheets, originals, and the hand-over of results."""
