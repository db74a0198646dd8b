"""The project's tools: its Python environment, the Pulumi engine and the Pulumi plugins."""
