"""What the local cloud asks of the machine: commands, loop devices, archives, packages, folders."""
