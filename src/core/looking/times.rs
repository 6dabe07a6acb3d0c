//! Times and durations for people. Times are the server's: microseconds since 2000, in UTC.

/// Microseconds of a second, a minute, an hour and a day.
pub const SECOND: i64 = 1_000_000;
/// Minute.
pub const MINUTE: i64 = 60 * SECOND;
/// Hour.
pub const HOUR: i64 = 60 * MINUTE;
/// Day.
pub const DAY: i64 = 24 * HOUR;

/// Year, month and day of a time.
pub fn date(at: i64) -> (i64, i64, i64) {
    // Days since 1 March of the year 0, in eras of 400 years.
    let days = at.div_euclid(DAY) + 730_425;
    let (era, day) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let of_month = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    (era * 400 + year + next, month, of_month)
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// As `28 Nov 2026`.
pub fn day(at: i64) -> String {
    let (year, _, _) = date(at);
    format!("{} {year}", day_of_year(at))
}

/// As `28 Nov`.
pub fn day_of_year(at: i64) -> String {
    let (_, month, day) = date(at);
    let month = usize::try_from(month - 1).unwrap_or_default();
    format!("{day} {}", MONTHS.get(month).copied().unwrap_or_default())
}

/// As `14:05`.
pub fn clock(at: i64) -> String {
    let of_day = at.rem_euclid(DAY);
    format!("{:02}:{:02}", of_day / HOUR, of_day % HOUR / MINUTE)
}

/// As `14:05:09`.
pub fn clock_seconds(at: i64) -> String {
    format!("{}:{:02}", clock(at), at.rem_euclid(MINUTE) / SECOND)
}

/// As `28 Nov 2026, 14:05:09 UTC`.
pub fn moment(at: i64) -> String {
    format!("{}, {} UTC", day(at), clock_seconds(at))
}

/// As machines read it: `2026-11-28T14:05:09Z`.
pub fn iso(at: i64) -> String {
    let (year, month, day) = date(at);
    format!("{year:04}-{month:02}-{day:02}T{}Z", clock_seconds(at))
}

/// A length of time in two units at most, as `850 ms`, `3.2 s`, `2 m 05 s` or `3 d 4 h`.
pub fn duration(micros: i64) -> String {
    let micros = micros.max(0);
    match micros {
        0 => String::from("0 s"),
        1..=999 => format!("{micros} µs"),
        1_000..=9_949 => format!("{:.1} ms", micros as f64 / 1e3),
        // Up to what would be rounded to the next unit.
        9_950..=999_499 => format!("{} ms", (micros + 500) / 1000),
        999_500..=59_949_999 => format!("{:.1} s", micros as f64 / 1e6),
        _ => longer(micros.saturating_add(SECOND / 2) / SECOND),
    }
}

fn longer(seconds: i64) -> String {
    match seconds {
        ..3_600 => format!("{} m {:02} s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{} h {:02} m", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {:02} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}

/// The same of milliseconds.
pub fn duration_ms(ms: f64) -> String {
    // `as` takes what is no number for 0, and what is too large for the largest.
    duration((ms * 1e3).round() as i64)
}
