"""Streamed answers: one engine that reads a model's stream to its end, kept for whoever asks."""
