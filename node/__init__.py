"""Programs that run on the cluster's nodes with the distribution's Python; they import nothing else of the project."""
