"""Plain Python behind the Pulumi components and the command line: configuration, plans, inventory, rollouts."""

__version__ = "0.1.0"
