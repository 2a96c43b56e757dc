"""Where things came from and what came of them: walks, filters, differences, pictures, PROV."""
