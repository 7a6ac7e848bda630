"""What a person types: one module for each group of commands, each imports what it needs when it runs."""
