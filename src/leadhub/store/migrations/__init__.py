"""Migrations, each written once and then history."""
