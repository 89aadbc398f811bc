//! Dates in headers and in XML.

use std::ops::RangeInclusive;

/// UNIX seconds of a date in an HTTP header, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn parse_http_date(text: &str) -> Option<u64> {
    const MONTHS: [&[u8]; 12] = [
        b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov",
        b"Dec",
    ];
    let [_, day, month, year, time, b"GMT"] = parts(text.trim().as_bytes(), b' ')? else {
        return None;
    };
    let month = MONTHS.iter().position(|name| *name == month)? as u64 + 1;
    seconds(number(year, 1970..=9999)?, month, number(day, 1..=31)?, time)
}

/// UNIX seconds of a date in XML, such as `1994-11-06T08:49:37.000Z`.
pub fn parse_iso_date(text: &str) -> Option<u64> {
    let [date, time] = parts(text.trim().as_bytes().strip_suffix(b"Z")?, b'T')?;
    let [year, month, day] = parts(date, b'-')?;
    let (year, month) = (number(year, 1970..=9999)?, number(month, 1..=12)?);
    seconds(year, month, number(day, 1..=31)?, time.split(|byte| *byte == b'.').next()?)
}

/// The `N` parts of a text, if these are all.
fn parts<const N: usize>(text: &[u8], separator: u8) -> Option<[&[u8]; N]> {
    let mut rest = text.split(|byte| *byte == separator);
    let mut parts = [text; N];
    for part in &mut parts {
        *part = rest.next()?;
    }
    rest.next().is_none().then_some(parts)
}

fn number(text: &[u8], range: RangeInclusive<u64>) -> Option<u64> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    let number = text
        .iter()
        .try_fold(0, |number: u64, byte| number.checked_mul(10)?.checked_add(digit(byte)?))?;
    Some(number).filter(|number| !text.is_empty() && range.contains(number))
}

/// UNIX seconds of a day and a time such as `08:49:37`.
fn seconds(year: u64, month: u64, day: u64, time: &[u8]) -> Option<u64> {
    let [hour, minute, second] = parts(time, b':')?;
    let (hour, minute) = (number(hour, 0..=23)?, number(minute, 0..=59)?);
    let second = number(second, 0..=60)?;
    // In years that begin in March, the leap day is the last day.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    let days = days.checked_sub(719_468)?;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_xml() {
        for (text, seconds) in [
            ("1994-11-06T08:49:37.000Z", Some(784_111_777)),
            ("2000-02-29T23:59:59Z", Some(951_868_799)),
            ("2000-13-29T23:59:59Z", None),
            ("2000-02-29", None),
            ("Wed Jan 18 16:04:17 2017", None),
            ("", None),
        ] {
            assert_eq!(parse_iso_date(text), seconds, "{text}");
        }
    }

    #[test]
    fn dates_of_headers() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777),
            ("Tue, 29 Feb 2000 23:59:59 GMT", 951_868_799),
            ("Sun, 01 Mar 2026 00:00:00 GMT", 1_772_323_200),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ] {
            assert_eq!(parse_http_date(text), Some(seconds), "{text}");
        }
        for text in [
            "",
            "now",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 06 anF 1994 08:49:37 GMT",
            "Sun, 06 Nov 94 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov +994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun, 06 Nov 18446744073709551615 08:49:37 GMT",
        ] {
            assert_eq!(parse_http_date(text), None, "{text}");
        }
    }
}
