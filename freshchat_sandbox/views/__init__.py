"""What REST shows of the desk."""
