"""Pages as the browser shows them: decoded once, as tiles, thumbnails and evidence pictures."""
