"""Running a playbook, and text for Ansible: what is a template, and what is data."""
