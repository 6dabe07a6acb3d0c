//! From a duration to its bucket and back.
//!
//! Buckets are intervals whose ends differ by the same factor or less, so that one value stands for all that a
//! bucket holds within a relative error (DDSketch: Masson, Rim, Lee, VLDB 2019). The logarithm that this takes is
//! replaced by the exponent of the floating-point number and a cubic through its mantissa, whose coefficients are
//! the ones that cost the fewest buckets, 1 % more than the logarithm itself (as in DataDog's sketches-java).

/// Shortest duration that the error bound holds for, in milliseconds: a nanosecond, about. What is shorter is
/// in the first bucket, with the zeros.
pub const MIN_DURATION: f64 = 1.0 / 1_048_576.0;
/// Longest duration, in milliseconds: 34 years.
pub const MAX_DURATION: f64 = 1_099_511_627_776.0;
/// Exponent of `MIN_DURATION`.
const LOWEST: i32 = -20;
/// Powers of two from `MIN_DURATION` to `MAX_DURATION`.
const OCTAVES: f64 = 60.0;

const A: f64 = 6.0 / 35.0;
const B: f64 = -3.0 / 5.0;
const C: f64 = 10.0 / 7.0;

/// The relative error is kept in steps of a hundredth of a percent.
pub const STEPS: f64 = 10_000.0;
/// 1 %.
pub const DEFAULT_ERROR: u16 = 100;
/// 0.1 % to 10 %.
pub const ERRORS: std::ops::RangeInclusive<u16> = 10..=1000;

/// Buckets for one relative error.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Mapping {
    error: u16,
    /// Buckets to a power of two.
    per_octave: f64,
}

impl Mapping {
    /// Buckets for a relative error in hundredths of a percent; `None` outside [`ERRORS`].
    pub fn new(error: u16) -> Option<Self> {
        ERRORS.contains(&error).then(|| Self::of(error))
    }

    fn of(error: u16) -> Self {
        let alpha = f64::from(error) / STEPS;
        let gamma = (1.0 + alpha) / (1.0 - alpha);
        // The cubic's slope over the logarithm's is nowhere less than C.
        Mapping {
            error,
            per_octave: 1.0 / (C * gamma.ln()),
        }
    }

    /// The relative error in hundredths of a percent.
    pub fn error(&self) -> u16 {
        self.error
    }

    /// The bucket of a duration from 0 to [`MAX_DURATION`]; 0 is below the error bound.
    #[inline]
    pub fn index(&self, duration: f64) -> u32 {
        if duration < MIN_DURATION {
            return 0;
        }
        let bits = duration.to_bits();
        let exponent = (bits >> 52) as i32 - 1023;
        let s = f64::from_bits(bits & 0x000f_ffff_ffff_ffff | 0x3ff0_0000_0000_0000) - 1.0;
        let octaves = ((A * s + B) * s + C) * s + f64::from(exponent - LOWEST);
        // Not negative, so that cutting off is rounding down.
        (octaves * self.per_octave) as u32 + 1
    }

    /// One more than the highest bucket there can be.
    pub fn buckets(&self) -> u32 {
        (OCTAVES * self.per_octave) as u32 + 2
    }

    /// What stands for a bucket's durations: within the relative error of each of them.
    pub fn value(&self, index: u32) -> f64 {
        if index == 0 {
            return 0.0;
        }
        let (low, high) = (self.lower_bound(index), self.lower_bound(index + 1));
        2.0 * low * high / (low + high)
    }

    /// Where a bucket other than the first begins.
    fn lower_bound(&self, index: u32) -> f64 {
        let octaves = f64::from(index.saturating_sub(1)) / self.per_octave;
        let (exponent, wanted) = (octaves.floor(), octaves.fract());
        // The cubic rises from 0 to 1: halve until the mantissa's last bit.
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..54 {
            let s = (low + high) / 2.0;
            if ((A * s + B) * s + C) * s < wanted {
                low = s;
            } else {
                high = s;
            }
        }
        (1.0 + high) * (exponent + f64::from(LOWEST)).exp2()
    }
}

impl Default for Mapping {
    /// 1 %.
    fn default() -> Self {
        Mapping::of(DEFAULT_ERROR)
    }
}
