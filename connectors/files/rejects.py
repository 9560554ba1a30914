"""The file of what could not become a fact: a JSON object a line, with place and reason; the composition root comes in."""

from __future__ import annotations

from pathlib import Path
from typing import IO, TYPE_CHECKING, Self

import orjson

from social_crm.domain.errors import Invalid

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import TracebackType

    from social_crm.ports import Reject


class RejectsFile:
    """Writes rejects as they come; the file is made with the first one, so that no rejects leave no file.

    With `append` what is there stays: an import that goes on where it was interrupted. Use as a context manager.
    """

    def __init__(self, name: str, *, append: bool = False) -> None:
        self.path = Path(name)
        self.written = 0
        self._mode = "ab" if append else "wb"
        self._file: IO[bytes] | None = None

    def write(self, rejects: Iterable[Reject]) -> None:
        """Write some rejects and hand them to the operating system. Raises Invalid when the file cannot be written."""
        try:
            for reject in rejects:
                self._open().write(orjson.dumps(reject, option=orjson.OPT_APPEND_NEWLINE))
                self.written += 1
            if self._file is not None:
                self._file.flush()
        except OSError as error:
            raise Invalid(f"{self.path}: the rejects cannot be written there ({error.strerror})") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file is not None:
            self._file.close()

    def _open(self) -> IO[bytes]:
        if self._file is None:
            self._file = self.path.open(self._mode)
        return self._file
