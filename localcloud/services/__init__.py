"""Code that runs in the services' own virtual environment: the launchers of the six OpenStack services.

This package must not import what only the command line's environment has (typer, rich, pydantic, our openstacksdk).
"""
