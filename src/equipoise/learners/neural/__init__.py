"""Networks behind the learners ``embedding``, ``mlp`` and ``transformer``: imported when one is trained."""
