"""What each file format carries besides its samples."""
