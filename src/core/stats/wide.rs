//! Just enough arithmetic on integers wider than 128 bits: sums of squares, and what the variance takes.

/// 384 bits, lowest limb first.
pub type Wide = [u64; 6];

/// `value * factor`; what does not fit is cut off, and nothing here is that large.
pub fn times(value: Wide, factor: u64) -> Wide {
    let mut carry = 0_u128;
    value.map(|limb| {
        let product = u128::from(limb) * u128::from(factor) + carry;
        carry = product >> 64;
        product as u64
    })
}

/// `value << 64`.
fn shifted([a, b, c, d, e, _]: Wide) -> Wide {
    [0, a, b, c, d, e]
}

/// `a + b`.
pub fn plus(a: Wide, b: Wide) -> Wide {
    let (mut sum, mut carry) = (a, 0_u128);
    for (limb, other) in sum.iter_mut().zip(b) {
        let total = u128::from(*limb) + u128::from(other) + carry;
        *limb = total as u64;
        carry = total >> 64;
    }
    sum
}

/// `a - b`, where `a` is not the smaller.
pub fn minus(a: Wide, b: Wide) -> Wide {
    let (mut difference, mut borrow) = (a, false);
    for (limb, other) in difference.iter_mut().zip(b) {
        let (value, first) = limb.overflowing_sub(other);
        let (value, second) = value.overflowing_sub(u64::from(borrow));
        *limb = value;
        borrow = first || second;
    }
    difference
}

/// `value * value`.
pub fn square(value: u128) -> Wide {
    let (low, high) = (value as u64, (value >> 64) as u64);
    let value = [low, high, 0, 0, 0, 0];
    plus(times(value, low), shifted(times(value, high)))
}

/// The nearest floating-point number, or one beside it.
pub fn to_f64(value: Wide) -> f64 {
    value.iter().rev().fold(0.0, |sum, limb| {
        sum * 18_446_744_073_709_551_616.0 + *limb as f64
    })
}
