"""What is rare and the rest, tested apart."""

from __future__ import annotations

from typing import Any

from equipoise.report.reading import Summary, applicable, contrasted, find
from equipoise.report.words import (
    decimals_for,
    interval,
    number,
    p_value,
    p_words,
    signed,
    title_of,
)

__all__ = ["sides"]

_MOST = 8
_SURE = 0.05


def sides(summary: Summary) -> dict[str, Any] | None:
    """Return the tests of each side of the data as a table, and a sentence on the candidate in question."""
    found = summary.get("sides") or {}
    names = found.get("names") or []
    if not names:
        return None
    by_id: dict[str, dict[str, Any]] = {}
    for row in found.get("rows") or []:
        by_id.setdefault(row["id"], {})[row["side"]] = row
    shown = contrasted(summary)
    roles = {name: role for role, name in shown}
    others = [one["id"] for one in applicable(summary) if one["id"] not in roles]
    wanted = [*(name for _, name in shown), *others[: max(0, _MOST - len(shown))]]
    wanted = [name for name in wanted if name in by_id]
    direction = found["measure"]["direction"]
    digits = decimals_for(row.get("difference") for name in wanted for row in by_id[name].values())
    rows = []
    for name in wanted:
        one = find(summary, name)
        if one is None:
            continue
        cells = [_cell(by_id[name].get(side["name"]), direction, digits) for side in names]
        rows.append({"title": title_of(one), "role": roles.get(name, ""), "cells": cells})
    asked = next((name for role, name in shown if role != "baseline"), None)
    return {
        "measure": found["measure"],
        "names": names,
        "rows": rows,
        "left": len(others) - max(0, len(rows) - len(shown)),
        "words": [
            _where(by_id.get(asked or "", {}), names, direction, dict(shown), digits),
            _among_all(summary, by_id, names, direction, digits),
        ],
    }


def _cell(row: dict[str, Any] | None, direction: str, digits: int) -> dict[str, str]:
    difference = (row or {}).get("difference")
    chance = p_words(difference, direction)
    p = (
        ""
        if chance in ("", "not testable")
        else f", {p_value((difference or {}).get('p_corrected'))}"
    )
    return {
        "value": number((row or {}).get("mean"), digits),
        "change": signed(difference["mean"], digits) if difference else "",
        "interval": interval(difference, digits, sign=True),
        "chance": f"{chance}{p}",
    }


def _where(
    rows: dict[str, dict[str, Any]],
    names: list[dict[str, str]],
    direction: str,
    shown: dict[str, str],
    digits: int,
) -> str:
    """Say on which side of the data a gain is shown."""
    role = next((role for role in shown if role != "baseline"), "recommended")
    who = "the recommended candidate" if role == "recommended" else f"the {role} candidate"
    tested = {
        side["name"]: p_words(rows[side["name"]].get("difference"), direction)
        for side in names
        if rows.get(side["name"], {}).get("difference")
    }
    if not tested:
        return ""
    rare = names[0]["name"]
    better = [name for name, said in tested.items() if said == "shown better"]
    worse = [name for name, said in tested.items() if said == "shown worse"]
    change = (
        signed((rows[rare].get("difference") or {}).get("mean"), digits) if rare in tested else ""
    )
    if rare in better:
        out = f"That {who} helps on the {rare} is shown ({change})."
        also = [name for name in better if name != rare]
        out += f" So it is for the {_and(also)}." if also else ""
    elif better:
        out = (
            f"The gain of {who} is shown for the {_and(better)}, not for the {rare} "
            f"({change}: {tested.get(rare, 'not testable')})."
        )
    elif rare in worse:
        out = f"That {who} does harm on the {rare} is shown ({change})."
    else:
        out = f"That {who} helps on the {rare} is not shown ({change}: {tested.get(rare, 'not testable')})."
    rest = [name for name in worse if name != rare or rare in better]
    return f"{out} It is shown to be worse on the {_and(rest)}." if rest else out


def _among_all(
    summary: Summary,
    by_id: dict[str, dict[str, Any]],
    names: list[dict[str, str]],
    direction: str,
    digits: int,
) -> str:
    """Say how many candidates help on what is rare, at what price, and which helps most."""
    rare, sign = names[0]["name"], 1 if direction == "maximize" else -1
    tested = {
        name: {side: p_words(row.get("difference"), direction) for side, row in rows.items()}
        for name, rows in by_id.items()
        if (rows.get(rare, {}).get("difference") or {}).get("mean") is not None
    }
    if len(tested) < 2:
        return ""
    helps = [name for name, said in tested.items() if said[rare] == "shown better"]
    if not helps:
        return f"Of {len(tested)} candidates tested, none is shown to help on the {rare}."
    clean = [name for name in helps if "shown worse" not in tested[name].values()]
    most = max(helps, key=lambda name: sign * by_id[name][rare]["difference"]["mean"])
    one = find(summary, most)
    gain = signed(by_id[most][rare]["difference"]["mean"], digits)
    named = f"; the most by {title_of(one)} ({gain})" if one else ""
    price = (
        "none is shown to be worse elsewhere"
        if len(clean) == len(helps)
        else f"{len(helps) - len(clean)} of these {len(helps)} are shown to be worse elsewhere"
        if len(helps) > 1
        else "which is shown to be worse elsewhere"
    )
    return (
        f"Of {len(tested)} candidates tested, {len(helps)} {'is' if len(helps) == 1 else 'are'} shown to help on the "
        f"{rare}{named}; {price}."
    )


def _and(names: list[str]) -> str:
    return " and the ".join([", the ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
