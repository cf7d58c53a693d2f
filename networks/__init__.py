"""Inter-city linkage networks: building, thinning, measuring and comparing them."""
