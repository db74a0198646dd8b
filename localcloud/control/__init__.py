"""Operates the cloud: installs, configures, starts, monitors and stops its services."""
