"""Batches of assets: images for the web, contact sheets, originals, and the hand-over of results."""
