"""Options that hold one value are given once."""

from __future__ import annotations

from collections import Counter
from typing import Any

from typer.core import TyperCommand

from equipoise.errors import UsageError

__all__ = ["OnceCommand"]


class OnceCommand(TyperCommand):
    """A command that refuses a second value of an option, of which the parser would drop the first."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments.

        Parameters
        ----------
        ctx : click.Context
        args : list of str

        Returns
        -------
        list of str
            What is left.

        Raises
        ------
        UsageError
            If an option is there twice and holds one value.
        """
        given = Counter(self.make_parser(ctx).parse_args(args=list(args))[2])
        for parameter, times in given.items():
            single = parameter.param_type_name == "option" and not parameter.multiple
            if single and times > 1 and not getattr(parameter, "is_flag", False):
                name = max(parameter.opts, key=len)
                raise UsageError(
                    f"{name} is given {times} times and takes one value",
                    remedy="keep the one that is meant",
                )
        return super().parse_args(ctx, args)
