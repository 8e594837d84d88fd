"""The `leadhub` program: one module a command. It asks the hub and the store, shows what they say, and decides nothing about leads."""
