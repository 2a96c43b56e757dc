"""Where tables come from: files, databases, frames. Every reader is in the table SOURCES under the name of its format."""
