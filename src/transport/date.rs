//! Dates in headers and in XML.

use std::ops::RangeInclusive;

/// UNIX seconds of a date in an HTTP header, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn parse_http_date(text: &str) -> Option<u64> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let fields: Vec<_> = text.trim().split(' ').collect();
    let [_, day, month, year, time, "GMT"] = fields.as_slice() else {
        return None;
    };
    let month = MONTHS.find(month).filter(|at| month.len() == 3 && at % 3 == 0)? as u64 / 3 + 1;
    seconds(number(year, 1970..=9999)?, month, number(day, 1..=31)?, time)
}

/// UNIX seconds of a date in XML, such as `1994-11-06T08:49:37.000Z`.
pub fn parse_iso_date(text: &str) -> Option<u64> {
    let (date, time) = text.trim().strip_suffix('Z')?.split_once('T')?;
    let date: Vec<_> = date.split('-').collect();
    let [year, month, day] = date.as_slice() else {
        return None;
    };
    let (year, month) = (number(year, 1970..=9999)?, number(month, 1..=12)?);
    seconds(year, month, number(day, 1..=31)?, time.split('.').next()?)
}

fn number(text: &str, range: RangeInclusive<u64>) -> Option<u64> {
    let is_number = text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|number| is_number && range.contains(number))
}

/// UNIX seconds of a day and a time such as `08:49:37`.
fn seconds(year: u64, month: u64, day: u64, time: &str) -> Option<u64> {
    let time: Vec<_> = time.split(':').collect();
    let [hour, minute, second] = time.as_slice() else {
        return None;
    };
    let (hour, minute) = (number(hour, 0..=23)?, number(minute, 0..=59)?);
    let second = number(second, 0..=60)?;
    // Years that start in March have their odd day at the end.
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
