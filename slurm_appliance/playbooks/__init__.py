"""Runs playbooks, and writes text for Ansible: what is a template, and what is data."""
