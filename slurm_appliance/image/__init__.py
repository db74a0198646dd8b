"""Cluster images: what goes into one, whether it exists already, how it is built, listed, compared and removed."""
