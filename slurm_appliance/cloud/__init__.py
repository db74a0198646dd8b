"""Facts about the cloud, and how they are gathered."""
