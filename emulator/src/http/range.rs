//! Ranges of bytes.

use hyper::{HeaderMap, header::RANGE};

/// The bytes of a content that a request wants.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Range {
    Whole,
    Bytes { start: u64, length: u64 },
    Unsatisfiable,
}

impl Range {
    /// One range of bytes; anything else is ignored, as HTTP has it.
    pub fn parse(header: &str, size: u64) -> Range {
        let Some((first, last)) =
            header.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-'))
        else {
            return Range::Whole;
        };
        let number = |text: &str| match text {
            "" => Some(None),
            text if text.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(Some(text.parse().unwrap_or(u64::MAX)))
            }
            _ => None,
        };
        let (start, end) = match (number(first), number(last)) {
            (Some(Some(start)), Some(end)) if end.is_none_or(|end| end >= start) => {
                (start, end.unwrap_or(u64::MAX).min(size.saturating_sub(1)))
            }
            (Some(None), Some(Some(suffix))) if suffix > 0 => {
                (size - suffix.min(size), size.saturating_sub(1))
            }
            (Some(None), Some(Some(_))) => return Range::Unsatisfiable,
            _ => return Range::Whole,
        };
        if start < size {
            Range::Bytes { start, length: end - start + 1 }
        } else {
            Range::Unsatisfiable
        }
    }
}

/// The start of a range, for the request log and for faults.
pub(crate) fn range_start(headers: &HeaderMap) -> Option<u64> {
    headers.get(RANGE)?.to_str().ok()?.strip_prefix("bytes=")?.split('-').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        let bytes = |start, length| Range::Bytes { start, length };
        assert_eq!(Range::parse("bytes=0-3", 10), bytes(0, 4));
        assert_eq!(Range::parse("bytes=4-", 10), bytes(4, 6));
        assert_eq!(Range::parse("bytes=-3", 10), bytes(7, 3));
        assert_eq!(Range::parse("bytes=-30", 10), bytes(0, 10));
        assert_eq!(Range::parse("bytes=9-99", 10), bytes(9, 1));
        assert_eq!(Range::parse("bytes=10-", 10), Range::Unsatisfiable);
        assert_eq!(Range::parse("bytes=-0", 10), Range::Unsatisfiable);
        assert_eq!(Range::parse("bytes=0-", 0), Range::Unsatisfiable);
        for ignored in
            ["bytes=3-1", "bytes=a-b", "bytes=0-1,3-4", "lines=0-1", "bytes=-", "bytes=+1-2"]
        {
            assert_eq!(Range::parse(ignored, 10), Range::Whole, "{ignored}");
        }
    }
}
