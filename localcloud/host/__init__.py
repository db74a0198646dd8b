"""The local cloud's use of the machine: commands, loop devices, archives, packages, folders."""
