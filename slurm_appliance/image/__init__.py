"""Cluster images: their content, whether they exist, and how they are built, listed, compared and removed."""
