"""What a connector builds on."""
