"""Programs that run on the cluster's nodes, with what the distribution's Python offers and nothing of this checkout."""
