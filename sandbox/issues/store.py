"""Where the bytes of attachments are kept: in memory, or in a folder."""

from pathlib import Path


class Blobs:
    """By attachment id; without a folder they end with the program."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._kept: dict[int, bytes] = {}

    def put(self, blob_id: int, data: bytes) -> None:
        if self._folder is None:
            self._kept[blob_id] = data
        else:
            self._folder.mkdir(parents=True, exist_ok=True)
            (self._folder / str(blob_id)).write_bytes(data)

    def get(self, blob_id: int) -> bytes:
        """KeyError if there is none."""
        if self._folder is None:
            return self._kept[blob_id]
        try:
            return (self._folder / str(blob_id)).read_bytes()
        except FileNotFoundError:
            raise KeyError(blob_id) from None

    def remove(self, blob_id: int) -> None:
        self._kept.pop(blob_id, None)
        if self._folder is not None:
            (self._folder / str(blob_id)).unlink(missing_ok=True)
