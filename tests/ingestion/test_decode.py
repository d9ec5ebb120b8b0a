"""The encoding of a text is found out."""

# Letters of other alphabets are what is tested.
# ruff: noqa: RUF001

from __future__ import annotations

import codecs
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_app.errors import IngestionError
from rag_app.ingestion.decode import decode

_TEXTS = {
    "en": "The café’s “naïve” approach – it costs €5 and is warm.",
    "fr": "Le modèle apprend à prédire la réponse attendue, même à Noël.",
    "de": "Überwachtes Lernen nutzt Daten. Größe und Maß sind schön gewählt.",
    "tr": "Doğal dil işleme, bilgisayarların insan dilini anlamasını sağlar; İstanbul’da güneş.",
    "pl": "Uczenie nadzorowane używa danych. Zażółć gęślą jaźń.",
    "ru": "Обучение с учителем использует размеченные данные.",
    "el": "Η μάθηση με επίβλεψη χρησιμοποιεί δεδομένα με ετικέτες.",
    "ja": "教師あり学習はラベル付きデータを使います。モデルは答えを予測することを学びます。",
    "zh": "监督学习使用带标签的数据。模型学习预测答案。这是一种基本的方法,应用广泛。",
    "tw": "監督式學習使用帶標籤的資料。模型學習預測答案。這是一種基本的方法,應用廣泛。",
    "ko": "지도 학습은 레이블이 있는 데이터를 사용합니다. 모델은 정답을 예측하는 법을 배웁니다.",
    "he": "למידה מונחית משתמשת בנתונים מתויגים.",
}


@pytest.mark.parametrize("language", sorted(_TEXTS))
@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"],
)
def test_unicode_is_read_with_and_without_a_mark(language, encoding):
    """Every form of Unicode is recognized, in every script."""
    text = f"{_TEXTS[language]}\n{_TEXTS[language]}\n"
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("language", "encoding"),
    [
        ("en", "cp1252"),
        ("fr", "cp1252"),
        ("fr", "latin-1"),
        ("de", "cp1252"),
        ("tr", "cp1254"),
        ("pl", "cp1250"),
        ("pl", "iso8859-2"),
        ("ru", "cp1251"),
        ("ru", "koi8-r"),
        ("el", "cp1253"),
        ("ja", "shift_jis"),
        ("ja", "euc-jp"),
        ("zh", "gb18030"),
        ("tw", "big5"),
        ("ko", "euc-kr"),
    ],
)
@pytest.mark.parametrize("times", [1, 50])
def test_legacy_encodings_are_recognized(language, encoding, times):
    """A sentence is enough, and more of it does not change the answer."""
    text = _TEXTS[language] * times
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("café latin", "cp1252"),
        ("ñ", "latin-1"),
        ("Müller & Söhne", "cp1252"),
        ("5° – “ok”", "cp1252"),
        ("It’s €5–€10…", "cp1252"),
        ("AT&T © 2024 Ørsted A/S", "cp1252"),
        ("state—of—art", "cp1252"),
        ("ışık", "cp1254"),
        ("Привет", "cp1251"),
        ("Καλημέρα", "cp1253"),
    ],
)
def test_a_few_words_are_enough(text, encoding):
    """A short text is read by its letters; one that is nearly ASCII, as Windows-1252."""
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    "page",
    [
        '<html><meta charset="shift_jis"><p>日本</p>',
        "<meta http-equiv='Content-Type' content='text/html; charset=shift_jis'><p>日本</p>",
        '<?xml version="1.0" encoding="Shift_JIS"?><html>日本</html>',
    ],
)
def test_a_page_is_believed_about_its_encoding(page):
    """What HTML or XML says of itself decides where nothing else does."""
    assert decode(page.encode("shift_jis")) == page


def test_a_page_that_is_wrong_about_itself_is_read_nevertheless():
    """UTF-8 that calls itself something else is UTF-8; an encoding that does not exist or fit is passed over."""
    assert decode("<meta charset=latin-1>Größe".encode()) == "<meta charset=latin-1>Größe"
    for name in ("no-such", "ascii", "utf-8", "unicode_escape", "idna", "zip"):
        assert decode(f"<meta charset={name}>Größe".encode("cp1252")) == f"<meta charset={name}>Größe"


def test_a_few_broken_bytes_do_not_change_the_encoding():
    """In a long text in UTF-8 the broken bytes alone are replaced, and so is a character that was cut at the end."""
    text = "Größe und Maß. " * 500
    data = text.encode()
    assert decode(data[:600] + b"\xff" + data[600:]) == text[:550].encode()[:600].decode(errors="ignore") + "\ufffd" + (
        data[600:].decode()
    )
    assert decode(data + "é".encode()[:1]) == text + "\ufffd"
    assert decode(codecs.BOM_UTF8 + data + b"\xff") == text + "\ufffd"


def test_one_accent_in_a_long_ascii_text_is_no_damage():
    """Where nothing else is beyond ASCII, the byte is a letter of another encoding."""
    text = "plain words " * 2000 + "café"
    assert decode(text.encode("cp1252")) == text


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"%PDF-1.7\0\0\xff\xd8\xff\x01", "The file is binary, not text. Export it as text, Markdown or HTML."),
        (bytes(range(256)) * 4, "The file is binary, not text."),
        (codecs.BOM_UTF16_LE + b"a\0b", "The file must be text in UTF-16, as its first bytes say; byte 4 is not."),
        (codecs.BOM_UTF32_LE + b"a\0\0", "The file must be text in UTF-32, as its first bytes say; byte 4 is not."),
        (codecs.BOM_UTF8 + b"\xff" * 9, "The file must be text in UTF-8, as its first bytes say; byte 0 is not."),
    ],
)
def test_what_is_no_text_is_refused(data, message):
    """Binary data and text that is cut in the middle of a character have their own sentence."""
    with pytest.raises(IngestionError, match=re.escape(message)):
        decode(data)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.text(st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co"))))
def test_utf8_is_always_read_as_such(text):
    """Whatever the characters, UTF-8 comes back as it was written."""
    assert decode(text.encode()) == text.removeprefix("\ufeff")


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(st.binary(max_size=400))
def test_any_bytes_are_text_or_refused(data):
    """No bytes make the decoder fail in any other way."""
    try:
        text = decode(data)
    except IngestionError:
        return
    assert text.encode().decode() == text
