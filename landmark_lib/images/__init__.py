"""Photos from bytes to bytes: decode, crop, transform, encode."""
