"""The Pulumi engine: the automation API, its settings, the project, the state. Nothing else here knows Pulumi."""
