"""What text looks like before it is parsed."""

# Letters of other alphabets are what is tested.
# ruff: noqa: RUF001

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag_app.ingestion.clean import clean_text


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("a\r\nb\rc\u2028d\u2029e\x85f", "a\nb\nc\nd\ne\nf"),
        ("a\r\r\nb", "a\n\nb"),
        ("a\xa0b\u2003c\u202fd\u3000e", "a b c d e"),
        ("\ufeffa\x00b\x1b\x7fc\u200bd\u2060e\uffff", "abcde"),
        ("\ud800a\udfff", "a"),
        ("a\tb  c", "a\tb  c"),
        ("cafe\u0301 \u1112\u1161\u11ab", "caf\u00e9 \ud55c"),
        ("\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f468\u200d\U0001f469\u200d\U0001f467"),
        ("\u05e9\u05dc\u05d5\u05dd", "\u05e9\u05dc\u05d5\u05dd"),
        ("ﬁ ² ½ Ω", "ﬁ ² ½ Ω"),
        ("", ""),
    ],
)
def test_characters_without_text_go_and_the_rest_stays(raw, clean):
    """Line ends and spaces become one kind, letters are composed, controls go; ligatures and joined emoji stay."""
    assert clean_text(raw) == clean


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("donâ€™t, naÃ¯ve â€“ 10 Â°C", "don’t, naïve – 10 °C"),
        ("ğŸ”¹ bullet, âœ… done, Â· â€¦", "🔹 bullet, ✅ done, · …"),
        ("DoÄŸal Ã¶ÄŸrenme", "Doğal öğrenme"),
        ("a â¡ï¸ b âž¡ï¸ c", "a → b → c"),
        ("â€œquotedâ€ text, â€œsoâ€.", "“quoted” text, “so”."),
        ("voilÃ\xa0!", "voilà!".replace("!", " !")),
        ("ğŸ”¹ 学 → x", "🔹 学 → x"),
        ("æ–‡å™\ncafÃ©", "æ–‡å™\ncafé"),
        ("Ã\x81rbol\nÃ\u200b©", "Árbol\né"),
        ("x\x9fy", "xy"),
    ],
)
def test_text_that_was_decoded_wrongly_is_repaired(raw, clean):
    """UTF-8 read as Windows-1252 or 1254 is read again, line by line; what is beyond repair stays as it is."""
    assert clean_text(raw) == clean


@pytest.mark.parametrize(
    "text",
    [
        "Doğal öğrenme, İSTANBUL ŞİRKETİ, ığdır, çğöşü",
        "L'été à Noël, où l’âme naît; “déjà vu” – ça et là",
        "Zażółć gęślą jaźń, ŁÓDŹ",
        "Größe “x” – Maß… straße",
        "São Paulo, AÇÃO, não; ¿Qué? ¡Hola! Ñandú",
        "Ångström Øre Æble þorn ðe",
        "x = f(α) → β ∑ ∀ ≤ ½ × ¾ ± σ²",
        r"\mathcal{L}_\theta = \frac{1}{n}\sum_i x_i^2",
        "if (a < b && c > d) { return 'x' + \"y\"; }  # ¬",
        "🔹 ✅ 👩‍💻 ➡️ 🇹🇷",
        "学习 日本語 한국어 ไทย עברית العربية",
        "VOILÀ “ici”, PARÇA” bağ “Ş”",
        "£10–£20, 5 § 3, © 2024, µm, N°",
    ],
)
def test_correct_text_is_left_alone(text):
    """Letters with accents, typography, code, formulas, emoji and other scripts are no mojibake."""
    assert clean_text(text) == text


_TURKISH = "abcçdefgğhıijklmnoöprsştuüvyzâîû"
_FRENCH = "abcdefghijklmnopqrstuvwxyzàâæçéèêëîïôœùûüÿ"
_POLISH = "aąbcćdeęfghijklłmnńoóprsśtuwyzźż"


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(
    st.sampled_from([_TURKISH, _FRENCH, _POLISH]).flatmap(
        lambda letters: st.lists(st.text(letters, min_size=1, max_size=12), min_size=1, max_size=8)
    )
)
def test_words_of_any_letters_of_a_language_are_left_alone(words):
    """No order of the lower-case letters of Turkish, French or Polish is taken for mojibake."""
    text = " ".join(words)
    assert clean_text(text) == text


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.text())
def test_cleaning_twice_is_cleaning_once(text):
    """A cleaned text is left as it is, can be encoded, and has no line end but the newline."""
    once = clean_text(text)
    assert clean_text(once) == once
    assert once.encode().decode() == once
    assert "\n".join(once.splitlines()) == once.removesuffix("\n")
