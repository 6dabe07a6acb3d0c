//! Times as the server writes them into jsonb: ISO 8601, always with a date, a time and an offset.

const SECONDS_PER_DAY: i64 = 86_400;
const MICROS_PER_SECOND: i64 = 1_000_000;
/// Days from 1970-01-01 to 2000-01-01, the server's epoch.
const EPOCH: i64 = 10_957;
/// What the server's timestamps can hold: from 4714-11-24 BC until before the year 294277.
const RANGE: std::ops::Range<i64> = -211_813_488_000_000_000..9_223_371_331_200_000_000;

/// Microseconds since 2000-01-01 UTC; `None` for anything but a finite time in exactly this form:
/// `2026-01-31T23:59:59.123456+00:00`, with `Z` or `+05:53:28` as the offset, and ` BC` after it.
pub fn parse(text: &[u8]) -> Option<i64> {
    let mut rest = Reader(text);
    let year = rest.digits(4, 6, 0..=294_276)?;
    rest.byte(b'-')?;
    let month = rest.digits(2, 2, 1..=12)?;
    rest.byte(b'-')?;
    let day = rest.digits(2, 2, 1..=31)?;
    rest.byte(b'T')?;
    let time = rest.clock(23)?;
    let micros = match rest.byte(b'.') {
        Some(()) => rest.fraction()?,
        None => 0,
    };
    let offset = rest.offset()?;
    let year = match rest.0 {
        b"" if year > 0 => year,
        b" BC" if year > 0 => 1 - year,
        _ => return None,
    };
    if day > days_of_month(year, month) {
        return None;
    }
    let seconds = (days(year, month, day) - EPOCH) * SECONDS_PER_DAY + time - offset;
    let micros = seconds
        .checked_mul(MICROS_PER_SECOND)?
        .checked_add(micros)?;
    RANGE.contains(&micros).then_some(micros)
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn byte(&mut self, wanted: u8) -> Option<()> {
        let (first, rest) = self.0.split_first()?;
        (*first == wanted).then(|| self.0 = rest)
    }

    /// A number of so many digits, all that are there.
    fn digits(
        &mut self,
        least: usize,
        most: usize,
        range: std::ops::RangeInclusive<i64>,
    ) -> Option<i64> {
        let (mut value, mut count) = (0, 0);
        while let Some((digit, rest)) = self.0.split_first() {
            if !digit.is_ascii_digit() || count == most {
                break;
            }
            value = value * 10 + i64::from(digit - b'0');
            count += 1;
            self.0 = rest;
        }
        (count >= least && range.contains(&value)).then_some(value)
    }

    /// `hh:mm:ss` in seconds.
    fn clock(&mut self, hours: i64) -> Option<i64> {
        let hour = self.digits(2, 2, 0..=hours)?;
        self.byte(b':')?;
        let minute = self.digits(2, 2, 0..=59)?;
        self.byte(b':')?;
        Some(hour * 3600 + minute * 60 + self.digits(2, 2, 0..=59)?)
    }

    /// Up to six digits after the point, in microseconds.
    fn fraction(&mut self) -> Option<i64> {
        let before = self.0.len();
        let value = self.digits(1, 6, 0..=999_999)?;
        let missing = 6_usize.checked_sub(before - self.0.len())?;
        Some((0..missing).fold(value, |value, _| value * 10))
    }

    /// Seconds east of Greenwich.
    fn offset(&mut self) -> Option<i64> {
        if self.byte(b'Z').is_some() {
            return Some(0);
        }
        let sign = match self.byte(b'+') {
            Some(()) => 1,
            None => self.byte(b'-').map(|()| -1)?,
        };
        let hours = self.digits(2, 2, 0..=15)?;
        self.byte(b':')?;
        let minutes = self.digits(2, 2, 0..=59)?;
        let seconds = match self.byte(b':') {
            Some(()) => self.digits(2, 2, 0..=59)?,
            None => 0,
        };
        Some(sign * (hours * 3600 + minutes * 60 + seconds))
    }
}

fn days_of_month(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 in the Gregorian calendar, carried on backwards. Years begin in March here, so that
/// the leap day is the last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month < 3 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}
