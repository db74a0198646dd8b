"""What the project runs on: its Python environment, the Pulumi engine and the Pulumi plugins."""
