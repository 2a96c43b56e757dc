"""Steps on whole tables, one a file: they change which rows there are, or look at other rows. None is ever served."""
