"""What the image is made from, read without building it."""
