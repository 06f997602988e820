"""Images, masks and crops that a run trains on."""
