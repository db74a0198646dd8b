"""The base image: a plain Debian 12 cloud image, which plays the distribution's GenericCloud image."""
