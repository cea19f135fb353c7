"""AWS on one machine: development and proof only, never deployed."""
