"""What can be read before and after."""
