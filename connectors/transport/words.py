"""HTML of posts turned into text as a reader sees it; connectors come in."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BREAKS = frozenset({"br", "p", "div", "li", "blockquote", "pre", "tr", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol"})
_UNSEEN = frozenset({"script", "style", "template", "head", "title"})
_QUOTES = frozenset({"aside", "blockquote"})


class _Reader(HTMLParser):
    """Collects what is shown. `quotes` says whether quoted posts count as said."""

    def __init__(self, *, quotes: bool) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._left_out = _UNSEEN if quotes else _UNSEEN | _QUOTES
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A line break, an image with words, or the beginning of what is left out."""
        if tag in self._left_out:
            self._inside.append(tag)
        elif tag in _BREAKS:
            self.pieces.append("\n")
        elif tag == "img" and not self._inside:
            words = dict(attrs).get("alt") or dict(attrs).get("title") or ""
            self.pieces.append(words)

    def handle_endtag(self, tag: str) -> None:
        """The end of a paragraph, or of what is left out."""
        if tag in self._left_out:
            if tag in self._inside:
                del self._inside[self._inside.index(tag) :]
        elif tag in _BREAKS and tag != "br":
            self.pieces.append("\n")

    def handle_data(self, data: str) -> None:
        """Words; a line break in the source is a space."""
        if not self._inside:
            self.pieces.append(re.sub(r"[ \t\r\n]+", " ", data))


def text_of_html(html: str, *, quotes: bool = True) -> str:
    """The text of a piece of HTML: entities read, tags gone, paragraphs as lines, no more than one empty line in a row.

    Without `quotes`, what is quoted from others (blockquote, aside) is left out: its words are not the author's.
    """
    reader = _Reader(quotes=quotes)
    reader.feed(html)
    reader.close()
    lines = [line.strip() for line in "".join(reader.pieces).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
