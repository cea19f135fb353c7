"""What the provider says a call used: token, image and media counts per model family. Pure."""
