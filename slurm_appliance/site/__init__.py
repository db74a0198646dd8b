"""site.yml: the inventory, the files for nodes, its run, and explanations of failures."""
