use std::sync::{Mutex, PoisonError};

/// Deliveries whose callbacks have returned, on their way to the driver. Waking the engine costs a thousand times what
/// a callback does, so it is woken for the first of them only and takes what has gathered.
#[derive(Debug, Default)]
pub struct Returned(Mutex<Vec<u64>>);

impl Returned {
    /// True when the driver has to be told: it has taken everything that came before.
    pub fn add(&self, delivery: u64) -> bool {
        let mut gathered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        gathered.push(delivery);
        gathered.len() == 1
    }

    /// Everything that has gathered, in order.
    pub fn take(&self) -> Vec<u64> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_driver_is_told_once_for_what_it_takes_together() {
        let returned = Returned::default();
        assert!(returned.add(1));
        assert!(!returned.add(2));
        assert_eq!(returned.take(), [1, 2]);
        assert!(returned.add(3), "what comes after it has looked is news again");
        assert_eq!(returned.take(), [3]);
        assert!(returned.take().is_empty());
    }
}
