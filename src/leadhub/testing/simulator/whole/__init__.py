"""The whole engine under simulation."""
