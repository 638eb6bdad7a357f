"""A strict reading of HTML: every tag closed in order, every attribute given once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "link", "br", "hr", "img", "input", "wbr", "source", "base", "embed"}
NOT_SHOWN = {"style", "script", "title", "desc", "head", "svg"}


@dataclass
class Node:
    tag: str
    attributes: dict[str, str]
    parent: Node | None = None
    children: list[Node | str] = field(default_factory=list)

    def walk(self) -> Iterator[Node]:
        for child in self.children:
            if isinstance(child, Node):
                yield child
                yield from child.walk()

    def all(self, *tags: str, **attributes: str) -> list[Node]:
        wanted = {name.rstrip("_"): value for name, value in attributes.items()}
        return [
            node
            for node in self.walk()
            if (not tags or node.tag in tags)
            and all(
                value in node.attributes.get(name, "").split() for name, value in wanted.items()
            )
        ]

    def one(self, *tags: str, **attributes: str) -> Node:
        found = self.all(*tags, **attributes)
        assert len(found) == 1, f"{len(found)} of {tags} {attributes}"
        return found[0]

    @property
    def text(self) -> str:
        """What a reader sees: no drawings, one space where there are several."""
        return " ".join("".join(self._pieces()).split())

    def _pieces(self) -> Iterator[str]:
        for child in self.children:
            if isinstance(child, str):
                yield child
            elif child.tag not in NOT_SHOWN:
                inline = child.tag in {"bdi", "b", "i", "em", "code", "a", "abbr"}
                yield "" if inline else " "
                yield from child._pieces()
                yield "" if inline else " "

    def parents(self) -> Iterator[Node]:
        node = self.parent
        while node is not None:
            yield node
            node = node.parent


class _Strict(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("#document", {})
        self.at = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice: {names}"
        node = Node(tag, {name: value or "" for name, value in attrs}, self.at)
        self.at.children.append(node)
        if tag not in VOID:
            self.at = node

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            inside = any(node.tag == "svg" for node in self.at.parents())
            assert inside, f"<{tag}/> closes itself, which HTML knows in drawings only"
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.at.tag == tag, f"</{tag}> closes <{self.at.tag}>"
        assert self.at.parent is not None
        self.at = self.at.parent

    def handle_data(self, data: str) -> None:
        self.at.children.append(data)


def parse(html: str) -> Node:
    reader = _Strict()
    reader.feed(html)
    reader.close()
    assert reader.at is reader.root, f"<{reader.at.tag}> is never closed"
    return reader.root


@dataclass
class Page:
    summary: dict[str, Any]
    html: str

    @cached_property
    def root(self) -> Node:
        return parse(self.html)

    @cached_property
    def style(self) -> str:
        return re.sub(r"\s+", " ", "".join(str(c) for c in self.root.one("style").children))

    def section(self, name: str) -> Node:
        return self.root.one("section", id=name)

    def table(self, caption: str) -> list[list[str]]:
        """Return the rows of the body of a table, as text, by the id of its caption."""
        table = next(
            node
            for node in self.root.all("table")
            if any(one.attributes.get("id") == caption for one in node.all("caption"))
        )
        return [[cell.text for cell in row.all("th", "td")] for row in table.one("tbody").all("tr")]
