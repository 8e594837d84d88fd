"""Who is the same person: keys and the guards on them. It never chooses values; pure."""
