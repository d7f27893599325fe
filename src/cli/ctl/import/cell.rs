//! What a cell says, as the wire has it. Days are only brought into the wire's shape: whether there is such a day is the
//! gateway's to judge, as everything else is.

use prost_types::Timestamp;

use crate::{
    domain::{day, time::Time},
    rpc::pb,
};

/// Code and text of a fault.
type Bad = (&'static str, String);

/// An enum whose words stand in cells.
pub(super) trait Word: Sized {
    /// What every word of it begins with on the wire.
    const PREFIX: &'static str;
    /// Words that people write instead.
    const ALSO: &'static [(&'static str, &'static str)];
    /// The number of a whole word.
    fn find(name: &str) -> Option<i32>;
}

macro_rules! words {
    ($($kind:ident $prefix:literal [$($also:literal $for:literal),*];)*) => {
        $(impl Word for pb::$kind {
            const PREFIX: &'static str = $prefix;
            const ALSO: &'static [(&'static str, &'static str)] = &[$(($also, $for)),*];
            fn find(name: &str) -> Option<i32> {
                Self::from_str_name(name).map(Into::into)
            }
        })*
    };
}

words! {
    DocumentType "DOCUMENT_TYPE_" [
        "居民身份证" "RESIDENT_ID", "身份证" "RESIDENT_ID", "临时居民身份证" "TEMPORARY_RESIDENT_ID",
        "户口簿" "HOUSEHOLD_REGISTER", "港澳居民来往内地通行证" "HK_MACAU_PERMIT",
        "台湾居民来往大陆通行证" "TAIWAN_PERMIT", "港澳台居民居住证" "RESIDENCE_PERMIT_HMT",
        "中国护照" "PASSPORT_CN", "外国护照" "PASSPORT_FOREIGN",
        "外国人永久居留身份证" "FOREIGN_PERMANENT_RESIDENCE", "军人身份证件" "MILITARY_ID",
        "武装警察身份证件" "ARMED_POLICE_ID"
    ];
    Sex "SEX_" ["女" "FEMALE", "男" "MALE", "F" "FEMALE", "M" "MALE"];
    CaptureMethod "CAPTURE_METHOD_" [];
    RegistrationEvent "REGISTRATION_EVENT_" ["过户" "TRANSFER", "补换卡" "SIM_CHANGE", "补登记" "SUPPLEMENT"];
}

/// The number of a word, with or without the enum's prefix.
pub(super) fn word<W: Word>(text: &str) -> Result<i32, Bad> {
    let typed = text.to_ascii_uppercase().replace(['-', ' '], "_");
    let bare = typed.strip_prefix(W::PREFIX).unwrap_or(&typed);
    let meant = W::ALSO.iter().find(|(also, _)| *also == bare).map_or(bare, |(_, word)| word);
    let found = W::find(&format!("{}{meant}", W::PREFIX)).filter(|number| *number != 0);
    found.ok_or_else(|| {
        (
            "UNKNOWN_WORD",
            format!("none of the words of {}", W::PREFIX.trim_end_matches('_').to_ascii_lowercase()),
        )
    })
}

/// A number that must not have been rounded on its way.
pub(super) fn number(text: &str) -> Result<String, Bad> {
    let rounded = text.split_once(['E', 'e']).is_some_and(|(digits, power)| {
        digits.contains('.')
            && power.starts_with('+')
            && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
    });
    if rounded {
        return Err((
            "NUMBER_ROUNDED",
            "a spreadsheet has rounded it; format the column as text and fill it again".to_owned(),
        ));
    }
    Ok(text.to_owned())
}

/// True or false.
pub(super) fn flag(text: &str) -> Result<bool, Bad> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" | "是" => Ok(true),
        "false" | "no" | "0" | "否" => Ok(false),
        _ => Err(("BAD_FLAG", "true or false".to_owned())),
    }
}

/// A day as spreadsheets write it, 2036/1/31, in the wire's shape; anything else as it is.
pub(super) fn day(text: &str) -> String {
    let mut parts = text.split(['/', '-', '.']);
    let digits = |part: Option<&str>, most: usize| {
        part.filter(|part| (1..=most).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit()))
            .map(str::to_owned)
    };
    match (digits(parts.next(), 4), digits(parts.next(), 2), digits(parts.next(), 2), parts.next()) {
        (Some(year), Some(month), Some(day), None) if year.len() == 4 => {
            format!("{year}-{month:0>2}-{day:0>2}")
        }
        _ => text.to_owned(),
    }
}

/// A moment: RFC 3339, or a day with or without a time of day, in Shanghai.
pub(super) fn moment(text: &str) -> Result<Timestamp, Bad> {
    let bad =
        || ("BAD_TIME", "a moment like 2019-05-01, 2019-05-01 12:30:00 or 2019-05-01T04:30:00Z".to_owned());
    let micros = match text.parse::<jiff::Timestamp>() {
        Ok(stamp) => stamp.as_microsecond(),
        Err(_) => {
            let (date, clock) = text.split_once([' ', 'T']).unwrap_or((text, "00:00:00"));
            let date = day::parse(&self::day(date)).map_err(|_| bad())?;
            let clock: jiff::civil::Time = clock.trim().parse().map_err(|_| bad())?;
            let since = clock.since(jiff::civil::Time::midnight()).map_err(|_| bad())?;
            let since: jiff::SignedDuration = since.try_into().map_err(|_| bad())?;
            let since = i64::try_from(since.as_micros()).map_err(|_| bad())?;
            day::start(date).micros().saturating_add(since)
        }
    };
    Ok(stamp(Time::from_micros(micros)))
}

fn stamp(time: Time) -> Timestamp {
    let nanos = i32::try_from(time.micros().rem_euclid(1_000_000) * 1000).unwrap_or(0);
    Timestamp { seconds: time.micros().div_euclid(1_000_000), nanos }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_days() {
        for text in ["RESIDENT_ID", "resident-id", "DOCUMENT_TYPE_RESIDENT_ID", "居民身份证", "身份证"]
        {
            assert_eq!(word::<pb::DocumentType>(text), Ok(1), "{text}");
        }
        for (also, _) in pb::DocumentType::ALSO {
            assert!(word::<pb::DocumentType>(also).is_ok(), "{also}");
        }
        for text in ["", "UNSPECIFIED", "PASSPORT", "居民"] {
            assert!(word::<pb::DocumentType>(text).is_err(), "{text}");
        }
        assert_eq!((word::<pb::Sex>("女"), word::<pb::Sex>("m")), (Ok(1), Ok(2)));
        for (text, shaped) in [
            ("2036/1/31", "2036-01-31"),
            ("2036-01-31", "2036-01-31"),
            ("20360131", "20360131"),
            ("长期", "长期"),
        ] {
            assert_eq!(day(text), shaped);
        }
        assert!(
            number("1.19999E+17").is_err()
                && number("E00000001").is_ok()
                && number("119999199003070019").is_ok()
        );
        assert_eq!((flag("是"), flag("0"), flag("maybe").is_err()), (Ok(true), Ok(false), true));
    }

    #[test]
    fn moments() {
        let seconds = |text: &str| moment(text).map(|stamp| stamp.seconds).ok();
        let midnight = seconds("2019-04-30T16:00:00Z");
        assert!(midnight.is_some());
        assert_eq!(
            (seconds("2019-05-01"), seconds("2019/5/1"), seconds("20190501")),
            (midnight, midnight, midnight)
        );
        assert_eq!(seconds("2019-05-01T00:00:00+08:00"), midnight);
        assert_eq!(seconds("2019-05-01 12:30:00"), midnight.map(|start| start + 45_000));
        assert_eq!(seconds("2019/5/1 12:30"), midnight.map(|start| start + 45_000));
        for bad in ["", "yesterday", "2019-13-01", "2019-05-01 25:00", "2019-05-01 "] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }
}
