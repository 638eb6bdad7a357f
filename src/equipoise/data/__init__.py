"""Reading data, roles of columns, the target, folds, and the data that ship with the package."""
