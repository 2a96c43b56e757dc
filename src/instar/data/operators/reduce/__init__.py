"""Fewer columns: those that say most, or new ones that stand for all."""
