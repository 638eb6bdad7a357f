"""The exact engine of neighbours: fast distances that lose no row, and what is told from them.

``points`` and ``precision`` measure, ``candidates`` and ``neighbours`` search, ``separation``, ``clearing``
and ``editing`` tell what needs no search, and ``categories`` has the distances of rows of categories.
"""
