"""Recognise the encoding of text: UTF-8, UTF-16 with a mark, GB18030; others must be named."""

from __future__ import annotations

import codecs

from spatial.errors import ConfigError, InputError

_HIGH = 0x80
_FOUR_BYTE_SECOND = range(0x30, 0x3A)
_GB2312_FIRST = 0xA1


def decoded_text(content: bytes, *, what: str, encoding: str | None = None) -> tuple[str, str]:
    """Turn bytes into text and say by which encoding.

    UTF-8 is tried first, since text in another encoding almost never passes as UTF-8. GB18030
    accepts nearly any bytes, so it is believed only when most double-byte characters belong to the
    GB 2312 core; Latin-1 text fails that test because its accented letters stand alone.

    Parameters
    ----------
    content : bytes
    what : str
        Name of the file, for messages.
    encoding : str, optional
        Encoding stated by the user: it is used strictly, nothing is guessed.

    Returns
    -------
    text : str
        Without byte order mark.
    encoding : str
        ``"UTF-8"``, ``"UTF-8 with BOM"``, ``"UTF-16"``, ``"GB18030"`` or the one stated.

    Raises
    ------
    ConfigError
        The stated encoding is not known.
    InputError
        The bytes are not text in the stated encoding, or the encoding cannot be recognised.
    """
    if encoding is not None:
        return _by_name(content, encoding, what)
    if content.startswith(codecs.BOM_UTF8):
        return _strict(content, "utf-8-sig", what), "UTF-8 with BOM"
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _strict(content, "utf-16", what), "UTF-16"
    if b"\x00" in content:
        raise InputError(f"{what} is not a text file; give a CSV file, or the right suffix.")
    try:
        return content.decode("utf-8"), "UTF-8"
    except UnicodeDecodeError:
        pass
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        text = ""
    if text and _mostly_gb2312(content):
        return text, "GB18030"
    raise InputError(
        f"The encoding of {what} is neither UTF-8 nor GB18030. Save it as UTF-8, or state it by "
        "the key encoding, for example encoding = 'cp1252'."
    )


def _by_name(content: bytes, encoding: str, what: str) -> tuple[str, str]:
    try:
        known = codecs.lookup(encoding).name
    except LookupError as error:
        raise ConfigError(
            f"encoding={encoding!r} is not known; use for example 'utf-8', 'gb18030' or 'cp1252'."
        ) from error
    # A stated UTF-8 may still begin with a mark, which is no part of the first column's name.
    return _strict(content, "utf-8-sig" if known == "utf-8" else known, what), encoding


def _strict(content: bytes, encoding: str, what: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise InputError(
            f"{what} is not text in {encoding} (line {line}). State the right encoding by the key "
            "encoding, or save the file as UTF-8."
        ) from error


def _mostly_gb2312(content: bytes) -> bool:
    core = doubles = position = 0
    while position < len(content) - 1:
        if content[position] < _HIGH:
            position += 1
        elif content[position + 1] in _FOUR_BYTE_SECOND:
            position += 4
        else:
            doubles += 1
            core += content[position] >= _GB2312_FIRST and content[position + 1] >= _GB2312_FIRST
            position += 2
    return 2 * core >= doubles
