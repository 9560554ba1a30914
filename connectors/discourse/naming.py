"""Whom a post of Discourse names: mentions and quotes in its HTML; its parser comes in."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from social_crm.domain.mention import How

_ASIDE = re.compile(r"<aside\b[^>]{0,1000}>")
_TOPIC, _POST = (re.compile(rf"""\bdata-{name}=["']?([0-9]{{1,15}})\b""") for name in ("topic", "post"))


class _Names(HTMLParser):
    """Collects (way, user name); what stands inside a quote was said by somebody else."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[How, str]] = []
        self._quotes = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A quote with the name of its author, or a mention that links to a user."""
        values = {name: value or "" for name, value in attrs}
        classes = values.get("class", "").split()
        if tag == "aside":
            self._quotes += 1
            if "quote" in classes and self._quotes == 1:
                self.found.append((How.QUOTE, values.get("data-username", "")))
        elif tag == "a" and "mention" in classes and not self._quotes:
            self.found.append((How.MENTION, values.get("href", "").rstrip("/").rpartition("/u/")[2]))

    def handle_endtag(self, tag: str) -> None:
        """The end of a quote."""
        if tag == "aside" and self._quotes:
            self._quotes -= 1


def names_in(cooked: str) -> list[tuple[How, str]]:
    """The users that a post mentions (links to a user's page, not to a group's) or quotes."""
    reader = _Names()
    reader.feed(cooked)
    reader.close()
    return [(how, name) for how, name in reader.found if name and "/" not in name]


def quotes_in(cooked: str) -> list[tuple[int, int]]:
    """The posts that a post quotes, however deep: their topics, and their places in them."""
    found = [(_TOPIC.search(tag), _POST.search(tag)) for tag in _ASIDE.findall(cooked)]
    return [(int(topic.group(1)), int(post.group(1))) for topic, post in found if topic and post]
