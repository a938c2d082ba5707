//! A part of the state that many states have in common: cheap to clone, hashed once between two changes.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

#[derive(Clone, Debug)]
pub struct Shared<T> {
    hash: OnceLock<u64>,
    value: Arc<T>,
}

impl<T: Clone> Shared<T> {
    pub fn new(value: T) -> Shared<T> {
        Shared { hash: OnceLock::new(), value: Arc::new(value) }
    }

    pub fn get(&self) -> &T {
        &self.value
    }

    pub fn change<R>(&mut self, change: impl FnOnce(&mut T) -> R) -> R {
        self.hash = OnceLock::new();
        change(Arc::make_mut(&mut self.value))
    }
}

impl<T: PartialEq> PartialEq for Shared<T> {
    fn eq(&self, other: &Shared<T>) -> bool {
        Arc::ptr_eq(&self.value, &other.value) || self.value == other.value
    }
}

impl<T: Hash> Hash for Shared<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let hash = self.hash.get_or_init(|| {
            let mut hasher = DefaultHasher::new();
            self.value.hash(&mut hasher);
            hasher.finish()
        });
        state.write_u64(*hash);
    }
}
