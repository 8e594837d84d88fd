"""What the state of a lead is, how each system's values constrain it, and which laws that obeys. Pure: no I/O, no clock, no policy."""
