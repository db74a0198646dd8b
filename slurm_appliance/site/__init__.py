"""site.yml: the inventory, the files that it hands to nodes, its run, and how a failure is explained."""
