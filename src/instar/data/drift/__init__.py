"""How far one table lies from another."""
