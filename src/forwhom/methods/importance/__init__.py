"""What the methods that weigh independent draws have in common."""
