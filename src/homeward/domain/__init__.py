"""Pure values and rules: the standard library and numpy, no input, no output, no clock."""
