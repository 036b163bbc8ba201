"""Pages of certificates for the people of the institute, and the downloads of everybody who may see them."""
