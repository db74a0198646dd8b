"""Volumes of the local cloud: one sparse file each. Only ``driver`` needs Cinder."""
