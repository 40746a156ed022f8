//! NUL-terminated bytes in shared memory, as a row of atomic words.
//!
//! Idea: eight bytes at a time, and never a word more than the text has: what
//! follows the NUL is neither read, nor compared, nor written. C programs that
//! write bytes see the same memory.
//! Source: Boehm, "Can Seqlocks Get Along With Programming Language Memory
//! Models?", MSPC 2012, for word-wise atomic copies.
//! Limits: a text is read and written under its table's lock. Without it, or
//! when its writer is killed, words of two texts can stand side by side; each
//! word is of one.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::{Relaxed, Release};

/// Bytes in a word.
const WORD: usize = size_of::<u64>();

/// Room for a text of up to `8 * WORDS - 1` bytes and its NUL.
#[repr(transparent)]
pub struct Text<const WORDS: usize>([AtomicU64; WORDS]);

/// How the text in memory compares with bytes of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Likeness {
    /// There is no text: its first byte is NUL.
    Empty,
    /// It is the same.
    Same,
    /// It is another.
    Other,
}

impl<const WORDS: usize> Text<WORDS> {
    /// The longest text in bytes, without its NUL.
    pub const LIMIT: usize = WORDS * WORD - 1;

    /// The text, copied; `None` where no NUL ends it.
    pub fn load(&self) -> Option<Vec<u8>> {
        let mut bytes = [[0; WORD]; WORDS];
        for (index, (word, copy)) in self.0.iter().zip(&mut bytes).enumerate() {
            // Relaxed, as everywhere here: the table's lock orders words.
            let word = word.load(Relaxed);
            *copy = word.to_ne_bytes();
            if let Some(end) = first_nul(word) {
                return Some(bytes.as_flattened()[..index * WORD + end].to_vec());
            }
        }
        None
    }

    /// All bytes, word by word: the text, its NUL, and the garbage behind it.
    pub(crate) fn words(&self) -> impl Iterator<Item = [u8; WORD]> {
        self.0.iter().map(|word| word.load(Relaxed).to_ne_bytes())
    }

    /// Whether the text is empty.
    pub fn is_empty(&self) -> bool {
        self.0[0].load(Relaxed).to_ne_bytes()[0] == 0
    }

    /// Compares with `bytes`, which is not empty, holds no NUL, and has at most
    /// [`LIMIT`](Self::LIMIT) bytes. Reads up to the first word that differs.
    pub(crate) fn compare(&self, bytes: &[u8]) -> Likeness {
        let last = bytes.len() / WORD;
        for (index, word) in self.0[..=last].iter().enumerate() {
            let found = word.load(Relaxed);
            if index == 0 && found.to_ne_bytes()[0] == 0 {
                return Likeness::Empty;
            }
            // In the last word the first NUL ends the text.
            let compared = if index == last { bytes.len() % WORD + 1 } else { WORD };
            if (found ^ word_at(bytes, index)) & first_bytes(compared) != 0 {
                return Likeness::Other;
            }
        }
        Likeness::Same
    }

    /// Its first word: what hides and shows it.
    pub(crate) fn first_word(&self) -> u64 {
        self.0[0].load(Relaxed)
    }

    /// Stores the first word, as [`store_first`](Self::store_first) does.
    pub(crate) fn store_first_word(&self, word: u64) {
        // Release: as in `store_first`.
        self.0[0].store(word, Release);
    }

    /// Copies the words of another, up to the one with its NUL.
    pub(crate) fn copy_from(&self, other: &Self) {
        for (word, source) in self.0.iter().zip(&other.0) {
            let copied = source.load(Relaxed);
            word.store(copied, Relaxed);
            if first_nul(copied).is_some() {
                return;
            }
        }
    }

    /// Makes it no text: without a NUL.
    #[cfg(test)]
    pub(crate) fn fill_with_garbage(&self) {
        self.0.iter().for_each(|word| word.store(u64::MAX, Relaxed));
    }

    /// Makes the text empty, in one store. Its other words stay.
    pub(crate) fn clear(&self) {
        self.0[0].store(0, Relaxed);
    }

    /// Stores all words of `bytes` but the first, and a NUL behind them.
    ///
    /// # Panics
    /// When `bytes` has more than [`LIMIT`](Self::LIMIT) bytes.
    pub(crate) fn store_tail(&self, bytes: &[u8]) {
        assert!(bytes.len() <= Self::LIMIT, "{} bytes into {WORDS} words", bytes.len());
        for index in 1..=bytes.len() / WORD {
            self.0[index].store(word_at(bytes, index), Relaxed);
        }
    }

    /// Stores the first word of `bytes`. After [`clear`](Self::clear) and
    /// [`store_tail`](Self::store_tail) this one store makes the text appear.
    pub(crate) fn store_first(&self, bytes: &[u8]) {
        // Release: pairs with whoever looks without the lock or after a kill,
        // and acquires. Relaxed could show the first word before the others.
        self.0[0].store(word_at(bytes, 0), Release);
    }
}

/// The word at `index`, with NULs behind the end of `bytes`.
fn word_at(bytes: &[u8], index: usize) -> u64 {
    let (words, rest) = bytes.as_chunks::<WORD>();
    if let Some(word) = words.get(index) {
        return u64::from_ne_bytes(*word);
    }
    let mut word = [0; WORD];
    for (place, byte) in word.iter_mut().zip(rest) {
        *place = *byte;
    }
    u64::from_ne_bytes(word)
}

/// A word of which the first `count` bytes in memory are ones; `count` is 1 to 8.
fn first_bytes(count: usize) -> u64 {
    (u64::MAX >> (64 - 8 * count)).to_le()
}

/// Where the first NUL of a word is, in bytes from its start in memory.
///
/// Subtracting one from each byte sets the high bit of those that were 0 and of
/// those above 0x80, which are masked out; a borrow spoils only what comes
/// after a NUL. Source: Warren, "Hacker's Delight", 2nd ed., 6-1.
fn first_nul(word: u64) -> Option<usize> {
    const ONES: u64 = u64::from_ne_bytes([0x01; WORD]);
    const HIGH: u64 = u64::from_ne_bytes([0x80; WORD]);
    let word = u64::from_le(word);
    let nuls = word.wrapping_sub(ONES) & !word & HIGH;
    (nuls != 0).then(|| nuls.trailing_zeros() as usize / 8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;
    use std::array::from_fn;
    use std::sync::atomic::Ordering::Relaxed;

    /// A text of which every byte is garbage.
    fn garbage() -> Text<2> {
        Text([AtomicU64::new(u64::MAX), AtomicU64::new(u64::MAX)])
    }

    fn holding(bytes: &[u8]) -> Text<2> {
        let text = garbage();
        text.store_tail(bytes);
        text.store_first(bytes);
        text
    }

    #[rstest]
    #[case(b"")]
    #[case(b"a")]
    #[case(b"1234567")]
    #[case(b"12345678")]
    #[case(b"123456789")]
    #[case(b"123456789abcdef")]
    fn text_stored_over_garbage_is_loaded_again(#[case] bytes: &[u8]) {
        assert_eq!(holding(bytes).load().as_deref(), Some(bytes));
    }

    /// Bytes next to 0, and next to 0x80, before, at and behind a NUL.
    #[test]
    fn first_nul_is_where_a_search_finds_it() {
        const BYTES: [u8; 5] = [0x00, 0x01, 0x7f, 0x80, 0xff];
        for number in 0..BYTES.len().pow(8) {
            let word: [u8; 8] = from_fn(|place| BYTES[number / BYTES.len().pow(place as u32) % 5]);
            let expected = word.iter().position(|byte| *byte == 0);
            assert_eq!(first_nul(u64::from_ne_bytes(word)), expected, "{word:?}");
        }
    }

    #[test]
    fn text_without_nul_is_none() {
        assert_eq!(garbage().load(), None);
    }

    #[test]
    #[should_panic(expected = "16 bytes into 2 words")]
    fn text_beyond_its_limit_panics() {
        garbage().store_tail(&[b'x'; 16]);
    }

    #[rstest]
    #[case(b"", b"a", Likeness::Empty)]
    #[case(b"a", b"a", Likeness::Same)]
    #[case(b"a", b"b", Likeness::Other)]
    #[case(b"a", b"ab", Likeness::Other)]
    #[case(b"ab", b"a", Likeness::Other)]
    #[case(b"12345678", b"12345678", Likeness::Same)]
    #[case(b"12345678", b"1234567", Likeness::Other)]
    #[case(b"1234567", b"12345678", Likeness::Other)]
    #[case(b"123456789", b"12345678", Likeness::Other)]
    #[case(b"123456789abcdef", b"123456789abcdef", Likeness::Same)]
    #[case(b"123456789abcdef", b"123456789abcdeF", Likeness::Other)]
    fn compare_looks_at_the_text_only(
        #[case] text: &[u8],
        #[case] bytes: &[u8],
        #[case] likeness: Likeness,
    ) {
        assert_eq!(holding(text).compare(bytes), likeness);
    }

    /// C programs leave the rest of an older, longer text behind the NUL.
    #[test]
    fn compare_ignores_what_follows_the_nul() {
        let text = Text([AtomicU64::new(u64::from_ne_bytes(*b"ab\0defgh"))]);
        assert_eq!(text.compare(b"ab"), Likeness::Same);
        assert_eq!(text.load().unwrap(), b"ab");
    }

    #[test]
    fn store_leaves_words_behind_the_nul_alone() {
        let text = holding(b"abc");
        assert_eq!(text.0[1].load(Relaxed), u64::MAX);
    }

    #[test]
    fn clear_makes_empty() {
        let text = holding(b"123456789");
        text.clear();
        assert_eq!(text.load().unwrap(), b"");
    }
}
