"""Recognising brands in a text by their terms and handles, with word boundaries and exclusions; services come in."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from social_crm.domain.brand import Brand

# Scripts that are written without spaces between words, or (Hangul) with endings on them: there a term is looked for inside
# the run of letters, and a name in other letters ends where they begin.
_SCRIPTS = (
    r"\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
)
_UNSPACED = re.compile(f"[{_SCRIPTS}]")
_LETTER = rf"[^\W{_SCRIPTS}]"
_WORD = re.compile(f"{_LETTER}+")
# `$brk` is not found in `$brk-a` or `$brk.b`: a share class is another ticker. Before it anything may stand, because the
# sign is a border of its own: of 96,826 tweets of known tickers a tenth write `sell$brk` or `$goog$brk`.
_NO_SHARE_CLASS = rf"(?!{_LETTER}|[.-][a-z]{{1,2}}(?!{_LETTER}))"


@dataclass(frozen=True, slots=True)
class _Rule:
    """One term of one brand: `needs` are patterns that must all be found, on one platform only if it is named."""

    brand: int
    needs: tuple[re.Pattern[str], ...]
    excludes: bool = False
    platform: str | None = None

    def fits(self, text: str, platform: str) -> bool:
        return self.platform in (None, platform) and all(pattern.search(text) for pattern in self.needs)


class Recogniser:
    """Finds which brands a text is about.

    A term is a word (`acme`, also found as `#acme`, never inside `acmeology`, `@acme` or `$acme`), several words (all must
    occur, anywhere), a quoted phrase (`"iced latte"`, in that order), a cashtag (`$BRK-A`, also right behind other letters)
    or a hashtag (`#acme`). A handle is found as `@handle` on its own platform (`u/handle` on Reddit). Letter case never
    matters. One exclusion that occurs rules the text out for its brand. The cost of a text does not grow with the number of
    brands.
    """

    def __init__(self, brands: Sequence[Brand]) -> None:
        self._ids = tuple(brand.id for brand in brands)
        self._by_word: dict[str, list[_Rule]] = {}
        self._always: list[_Rule] = []
        for number, brand in enumerate(brands):
            for term in brand.terms:
                self._add(_Rule(number, _term_patterns(term)), term)
            for term in brand.exclusions:
                self._add(_Rule(number, _term_patterns(term), excludes=True), term)
            for platform, handles in brand.handles.items():
                for handle in handles:
                    self._add(_Rule(number, (_handle_pattern(handle, platform),), platform=platform), handle)

    def brands_of(self, text: str, platform: str) -> tuple[str, ...]:
        """The ids of the brands that a text on a platform is about, sorted."""
        folded = fold(text)
        hits = [rule for rule in self._candidates(folded) if rule.fits(folded, platform)]
        if not hits:
            return ()
        out = {rule.brand for rule in hits if rule.excludes}
        return tuple(sorted({self._ids[rule.brand] for rule in hits if rule.brand not in out and not rule.excludes}))

    def _candidates(self, folded: str) -> Iterable[_Rule]:
        for word in self._by_word.keys() & set(_WORD.findall(folded)):
            yield from self._by_word[word]
        yield from self._always

    def _add(self, rule: _Rule, term: str) -> None:
        # Filed under its first word, so that only texts that hold this word are looked at more closely.
        word = _WORD.search(fold(term))
        if word is None or _UNSPACED.search(term):
            self._always.append(rule)
        else:
            self._by_word.setdefault(word.group(), []).append(rule)


def fold(text: str) -> str:
    """The text as it is compared: one case, one apostrophe, one way to write each letter, and none of full width."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).replace("\u2019", "'")


def _term_patterns(term: str) -> tuple[re.Pattern[str], ...]:
    folded = fold(term.strip())
    if len(folded) > 1 and folded[0] == folded[-1] == '"':
        phrase = r"\s+".join(re.escape(word) for word in folded.strip('"').split())
        return (_bounded(phrase, folded.strip('"')),)
    return tuple(_word_pattern(word) for word in folded.split())


def _word_pattern(word: str) -> re.Pattern[str]:
    if word.startswith("$"):
        return re.compile(re.escape(word) + _NO_SHARE_CLASS)
    if word.startswith("#"):
        return re.compile(rf"(?<!{_LETTER})(?<!#){re.escape(word)}(?!{_LETTER})")
    return _bounded(re.escape(word), word)


def _bounded(pattern: str, text: str) -> re.Pattern[str]:
    if _UNSPACED.search(text):
        return re.compile(pattern)
    before = rf"(?<!{_LETTER})(?<![@$])" if text[:1].isalnum() else rf"(?<!{_LETTER})"
    after = rf"(?!{_LETTER})" if text[-1:].isalnum() else ""
    return re.compile(f"{before}{pattern}{after}")


def _handle_pattern(handle: str, platform: str) -> re.Pattern[str]:
    name = fold(handle.strip()).removeprefix("/").removeprefix("u/").lstrip("@")
    if platform == "reddit":
        return re.compile(rf"(?<!\w)/?u/{re.escape(name)}(?!\w)")
    local, _, host = name.partition("@")
    where = rf"(?:@{re.escape(host)})?" if host else ""
    return re.compile(rf"(?<![\w@])@{re.escape(local)}{where}(?![\w@])")
