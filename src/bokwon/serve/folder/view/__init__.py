"""Pages as they are shown: decoded once, in tiles, as thumbnails, with their evidence."""
