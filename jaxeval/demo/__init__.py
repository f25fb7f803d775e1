"""The demo's clips, made from a photograph and speech."""
