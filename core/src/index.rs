/// Numbers in the order of a key, and of equal keys in their own order. What is new mostly comes at the end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Index(Vec<(u64, u64)>);

impl Index {
    pub fn insert(&mut self, key: u64, number: u64) {
        let at = self.position(key, number);
        self.0.insert(at, (key, number));
    }

    pub fn remove(&mut self, key: u64, number: u64) {
        let at = self.position(key, number);
        if self.0.get(at) == Some(&(key, number)) {
            self.0.remove(at);
        }
    }

    /// The first key and its number.
    pub fn first(&self) -> Option<(u64, u64)> {
        self.first_from(0)
    }

    /// The first with a key of at least `least`.
    pub fn first_from(&self, least: u64) -> Option<(u64, u64)> {
        self.0.get(self.position(least, 0)).copied()
    }

    /// The numbers at a key.
    pub fn at(&self, key: u64) -> impl Iterator<Item = u64> {
        let from = self.0.iter().skip(self.position(key, 0));
        from.take_while(move |(known, _)| *known == key).map(|(_, number)| *number)
    }

    fn position(&self, key: u64, number: u64) -> usize {
        self.0.partition_point(|known| *known < (key, number))
    }
}
