"""What runs inside the services' own virtual environment: the launchers of the six OpenStack services.

Nothing here may import what only the command line's environment has (typer, rich, pydantic, openstacksdk of our lock).
"""
