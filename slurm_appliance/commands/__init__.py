"""The command line's commands: thin, and light to import; each brings in what it needs when it runs."""
