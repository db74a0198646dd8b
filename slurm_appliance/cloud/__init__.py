"""What the cloud has: facts, and how they are gathered."""
