//! Calendar days as documents have them, in the time of Shanghai, which has no summer time since 1991.

use jiff::{
    civil::Date,
    tz::{self, Offset},
};

use super::{
    fault::{Code, Fault},
    time::Time,
};

const SHANGHAI: Offset = tz::offset(8);

/// The day in Shanghai at a moment.
pub fn of(moment: Time) -> Date {
    let stamp = jiff::Timestamp::from_microsecond(moment.micros()).unwrap_or_default();
    SHANGHAI.to_datetime(stamp).date()
}

/// The first moment of a day in Shanghai.
pub fn start(day: Date) -> Time {
    let stamp = SHANGHAI.to_timestamp(day.at(0, 0, 0, 0));
    stamp.map_or(Time::MAX, |stamp| Time::from_micros(stamp.as_microsecond()))
}

/// Full years on a day: the birthday counts as the new age.
pub fn age(born: Date, on: Date) -> i16 {
    let before_birthday = (on.month(), on.day()) < (born.month(), born.day());
    on.year() - born.year() - i16::from(before_birthday)
}

/// The same day so many years later; the month's last where it has none.
pub fn years_later(day: Date, years: i16) -> Date {
    let year = day.year().saturating_add(years);
    Date::new(year, day.month(), day.day()).or_else(|_| Date::new(year, day.month(), 28)).unwrap_or(Date::MAX)
}

/// Reads a day as people and cards write it: 2026-01-31, 2026.01.31, 2026/01/31 or 20260131.
pub fn parse(text: &str) -> Result<Date, Fault> {
    const BAD: Fault = Fault::new(Code::BadDate, "a day like 2026-01-31");
    let bytes = text.trim().as_bytes();
    let (year, month, day) = match bytes.len() {
        8 => (&bytes[..4], &bytes[4..6], &bytes[6..]),
        10 if bytes[4] == bytes[7] && matches!(bytes[4], b'-' | b'.' | b'/') => {
            (&bytes[..4], &bytes[5..7], &bytes[8..])
        }
        _ => return Err(BAD),
    };
    let number = |digits: &[u8]| {
        let all = digits.iter().all(u8::is_ascii_digit);
        all.then(|| digits.iter().fold(0_i16, |sum, digit| sum * 10 + i16::from(digit - b'0')))
    };
    let (year, month, day) = (number(year).ok_or(BAD)?, number(month).ok_or(BAD)?, number(day).ok_or(BAD)?);
    let small = |number: i16| i8::try_from(number).map_err(|_| BAD);
    Date::new(year, small(month)?, small(day)?).map_err(|_| BAD)
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_day_begins_in_shanghai() {
        let midnight = Time::of_date(2026, 1, 1);
        assert_eq!(of(midnight), date(2026, 1, 1));
        assert_eq!(start(date(2026, 1, 1)), midnight.minus(std::time::Duration::from_secs(8 * 3600)));
        assert_eq!(of(start(date(2026, 1, 1))), date(2026, 1, 1));
        assert_eq!(
            of(start(date(2026, 1, 1)).minus(std::time::Duration::from_micros(1))),
            date(2025, 12, 31)
        );
    }

    #[test]
    fn the_birthday_counts() {
        let born = date(2010, 1, 1);
        assert_eq!((age(born, date(2025, 12, 31)), age(born, date(2026, 1, 1))), (15, 16));
        let leap = date(2008, 2, 29);
        assert_eq!((age(leap, date(2023, 2, 28)), age(leap, date(2023, 3, 1))), (14, 15));
        assert_eq!(years_later(leap, 2), date(2010, 2, 28));
        assert_eq!(years_later(leap, 4), date(2012, 2, 29));
    }

    #[test]
    fn days_as_written() {
        for same in ["2026-01-31", " 2026.01.31", "2026/01/31 ", "20260131"] {
            assert_eq!(parse(same), Ok(date(2026, 1, 31)), "{same}");
        }
        for bad in
            ["", "2026-02-30", "2026-1-31", "2026-01.31", "26-01-31", "2026-01-3a", "长期", "+026-01-31"]
        {
            assert_eq!(parse(bad).map_err(|bad| bad.code), Err(Code::BadDate), "{bad}");
        }
    }
}
