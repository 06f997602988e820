"""Pairs of images and masks, fixed by the seed and the file names."""
