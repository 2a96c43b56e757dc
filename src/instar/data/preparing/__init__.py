"""From operators to a fitted preparation: fitting, applying, and other libraries' ways to it."""
