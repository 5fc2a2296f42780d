"""The exact method: Gaussian outcomes, whose groups and coefficients integrate out."""
