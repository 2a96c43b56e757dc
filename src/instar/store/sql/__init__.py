"""The store's protocols on a SQL database, through SQLAlchemy Core."""
