"""The wheel: the product's files in one folder, laid out as in the checkout, with the command that starts it."""
