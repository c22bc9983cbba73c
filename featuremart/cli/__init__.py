"""The ``mart`` command: one file a command group. Each parses, calls and prints, and decides nothing else."""
