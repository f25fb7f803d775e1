"""The manifest of weights, the recipes that converted them, and saving and loading them."""
