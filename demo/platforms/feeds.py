"""A site with feeds on loopback: RSS 2.0, Atom, and a page for each entry; the doors and tests come in."""

from __future__ import annotations

import hashlib
import html
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from demo.platforms.platform import Answer, LoopbackPlatform, Window, error
from demo.platforms.shelf import native

if TYPE_CHECKING:
    from collections.abc import Callable

    from demo.platforms.platform import Request
    from demo.platforms.shelf import Shelf
    from social_crm.domain.mention import Mention

_RSS = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel>'
    "<title>The loopback times</title><link>{site}</link><description>What people write</description>\n"
    "{entries}</channel></rss>\n"
)
_ITEM = (
    '<item><title>{title}</title><link>{link}</link><guid isPermaLink="false">{guid}</guid>'
    "<dc:creator>{author}</dc:creator><pubDate>{posted}</pubDate><description>{said}</description></item>\n"
)
_ATOM = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom"><title>The loopback times</title>'
    "<id>{site}/feed.atom</id><updated>{updated}</updated>\n{entries}</feed>\n"
)
_ENTRY = (
    "<entry><title type={kind}>{title}</title><link href={href}/><id>{guid}</id><author><name>{author}</name></author>"
    "<published>{posted}</published><updated>{updated}</updated><content type={kind}>{said}</content></entry>\n"
)


class LoopbackFeeds(LoopbackPlatform):
    """`/feed.xml` and `/feed.atom` with the newest entries, `/entries/<guid>`, and `/moved.xml` that leads elsewhere."""

    name = "feeds"
    usual_window = (10_000, 3600)

    def __init__(self, shelf: Shelf, clock: Callable[[], datetime], window: Window | None = None, shown: int = 50) -> None:
        super().__init__(shelf, clock, window)
        self.shown = shown
        # What a test puts in place of an answer: a path, and (status, body, headers).
        self.instead: dict[str, Answer] = {}

    def answer(self, request: Request) -> Answer:
        """The answer to a request."""
        if request.path in self.instead:
            return self.instead[request.path]
        if request.path in {"/feed.xml", "/feed.atom"}:
            return self._feed(request)
        if request.path.startswith("/entries/"):
            return self._entry(request.path.removeprefix("/entries/"))
        return error(404, "Not Found")

    def _feed(self, request: Request) -> Answer:
        site = f"http://{request.headers.get('Host', '127.0.0.1')}"
        mentions = [mention for mention, _ in zip(self.shelf.newest(self.clock()), range(self.shown), strict=False)]
        changes = [mention.edited_at or mention.posted_at for mention in mentions]
        changed = max(changes, default=datetime(2026, 1, 1, tzinfo=UTC))
        body = (self._rss if request.path == "/feed.xml" else self._atom)(mentions, site, changed).encode()
        etag = f'"{hashlib.blake2b(body, digest_size=8).hexdigest()}"'
        headers = {"ETag": etag, "Last-Modified": format_datetime(changed, usegmt=True)}
        if request.headers.get("If-None-Match") == etag:
            return Answer(304, b"", headers)
        kind = "rss" if request.path == "/feed.xml" else "atom"
        headers["Content-Type"] = f"application/{kind}+xml; charset=utf-8"
        return Answer(200, body, headers, tuple(mention.id for mention in mentions))

    def _rss(self, mentions: list[Mention], site: str, _changed: datetime) -> str:
        entries = "".join(
            _ITEM.format(**self._fields(mention, site), posted=format_datetime(mention.posted_at, usegmt=True))
            for mention in mentions
        )
        return _RSS.format(site=site, entries=entries)

    def _atom(self, mentions: list[Mention], site: str, changed: datetime) -> str:
        entries = "".join(
            _ENTRY.format(
                **self._fields(mention, site),
                kind=quoteattr("html"),
                href=quoteattr(f"{site}/entries/{_guid(mention)}"),
                posted=mention.posted_at.isoformat(),
                updated=(mention.edited_at or mention.posted_at).isoformat(),
            )
            for mention in mentions
        )
        return _ATOM.format(site=site, updated=changed.isoformat(), entries=entries)

    def _fields(self, mention: Mention, site: str) -> dict[str, str]:
        """Of one entry: titles and texts are HTML, so they are escaped twice."""
        title, _, said = mention.text.partition("\n\n")
        return {
            "title": escape(html.escape(title)),
            "said": escape(f"<p>{html.escape(said)}</p>") if said else "",
            "link": escape(f"{site}/entries/{_guid(mention)}"),
            "guid": escape(_guid(mention)),
            "author": escape(native(mention.author).partition("/")[2]),
        }

    def _entry(self, guid: str) -> Answer:
        mention = next((one for one in self.shelf.newest(self.clock()) if _guid(one) == guid), None)
        if mention is None:
            return error(404, "Not Found")
        page = f"<html><body><p>{html.escape(mention.text)}</p></body></html>"
        return Answer(200, page.encode(), {"Content-Type": "text/html; charset=utf-8"})


def _guid(mention: Mention) -> str:
    """What the site calls an entry: what stands behind the host in our id."""
    return native(mention.id).partition("/")[2]
