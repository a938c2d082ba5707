//! Medians, percentiles, and how sure a median ratio is.

/// A ratio over paired rounds: the median, and the interval in which it lies with 95 % confidence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ratio {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

/// 0 for an empty list.
pub fn percentile(values: &[f64], per_cent: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().saturating_sub(1);
    // The nearest rank: a value that was really measured.
    let rank = (per_cent / 100.0 * last as f64).round() as usize;
    sorted.get(rank.min(last)).copied().unwrap_or(0.0)
}

pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = sorted.get(middle).copied().unwrap_or(0.0);
    if sorted.len() % 2 == 1 || middle == 0 {
        return upper;
    }
    (sorted.get(middle - 1).copied().unwrap_or(0.0) + upper) / 2.0
}

const RESAMPLES: usize = 10_000;

/// The ratio ours / floor, pair by pair, with a bootstrap over the pairs.
pub fn ratio(ours: &[f64], floor: &[f64]) -> Ratio {
    let ratios: Vec<f64> = ours.iter().zip(floor).map(|(ours, floor)| ours / floor.max(f64::MIN_POSITIVE)).collect();
    let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
    let medians: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            let sample: Vec<f64> =
                ratios.iter().map(|_| ratios.get(dice.below(ratios.len())).copied().unwrap_or(0.0)).collect();
            median(&sample)
        })
        .collect();
    Ratio { median: median(&ratios), low: percentile(&medians, 2.5), high: percentile(&medians, 97.5) }
}

/// The same throws at each run, so that equal measurements give equal intervals (xorshift64*).
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let word = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D);
        ((u128::from(word) * count as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_measured_values() {
        let values: Vec<f64> = (1..=101).map(f64::from).collect();
        assert_eq!(percentile(&values, 50.0), 51.0);
        assert_eq!(percentile(&values, 99.0), 100.0);
        assert_eq!(percentile(&[], 50.0), 0.0);
    }

    #[test]
    fn a_median_of_an_even_count_lies_between() {
        assert_eq!(median(&[4.0, 1.0, 3.0, 2.0]), 2.5);
        assert_eq!(median(&[7.0]), 7.0);
    }

    #[test]
    fn equal_pairs_have_a_ratio_without_doubt() {
        let found = ratio(&[2.0, 4.0, 6.0], &[1.0, 2.0, 3.0]);
        assert_eq!(found, Ratio { median: 2.0, low: 2.0, high: 2.0 });
    }

    #[test]
    fn the_interval_holds_the_median() {
        let ours = [1.1, 1.3, 1.2, 1.9, 1.0, 1.25, 1.15];
        let found = ratio(&ours, &[1.0; 7]);
        assert!(found.low <= found.median && found.median <= found.high && found.low < found.high);
    }
}
