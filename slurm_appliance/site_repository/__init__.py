"""A site's own repository: where it is, which version of the product it is for, and how a new one is made."""
