"""The shell: I/O in the order of the flow. Read `run` first."""
