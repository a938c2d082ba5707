use zim_protocol::id::CallId;

/// What is known of each call: two vectors in the order of the calls' IDs. A later call sorts behind an earlier one, so
/// what is new comes near the end. The library carries one search for all kinds of values, and little code besides.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Table<V> {
    calls: Vec<CallId>,
    values: Vec<V>,
}

impl<V> Default for Table<V> {
    fn default() -> Table<V> {
        Table { calls: Vec::new(), values: Vec::new() }
    }
}

impl<V> Table<V> {
    /// In order.
    pub fn calls(&self) -> &[CallId] {
        &self.calls
    }

    /// In the order of the calls.
    pub fn values(&self) -> &[V] {
        &self.values
    }

    pub fn values_mut(&mut self) -> &mut [V] {
        &mut self.values
    }

    pub fn iter(&self) -> impl Iterator<Item = (&CallId, &V)> {
        self.calls.iter().zip(&self.values)
    }

    pub fn get(&self, call: &CallId) -> Option<&V> {
        self.values.get(search(&self.calls, call).ok()?)
    }

    pub fn get_mut(&mut self, call: &CallId) -> Option<&mut V> {
        self.values.get_mut(search(&self.calls, call).ok()?)
    }

    /// Takes the place of an earlier value.
    pub fn insert(&mut self, call: CallId, value: V) {
        match search(&self.calls, &call) {
            Ok(at) => {
                if let Some(known) = self.values.get_mut(at) {
                    *known = value;
                }
            }
            Err(at) => {
                self.calls.insert(at, call);
                self.values.insert(at, value);
            }
        }
    }

    pub fn remove(&mut self, call: &CallId) {
        if let Ok(at) = search(&self.calls, call) {
            self.remove_at(at);
        }
    }

    /// By its place in the order.
    pub fn remove_at(&mut self, at: usize) {
        if at < self.calls.len() {
            self.calls.remove(at);
            self.values.remove(at);
        }
    }
}

/// Where a call is, or belongs, among calls that are in order.
pub(crate) fn search(calls: &[CallId], call: &CallId) -> Result<usize, usize> {
    calls.binary_search(call)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lie_in_the_order_of_the_calls() {
        let call = |name: &str| CallId::parse(name).unwrap();
        let mut table = Table::default();
        for name in ["b", "d", "a", "c", "b"] {
            table.insert(call(name), name.repeat(table.values().len() + 1));
        }
        assert_eq!(table.calls(), ["a", "b", "c", "d"].map(call));
        assert_eq!(table.values(), ["aaa", "bbbbb", "cccc", "dd"]);
        table.remove(&call("b"));
        table.remove(&call("b"));
        assert_eq!((table.get(&call("a")), table.get(&call("b"))), (Some(&"aaa".to_owned()), None));
        if let Some(value) = table.get_mut(&call("d")) {
            value.push('!');
        }
        assert_eq!(table.values(), ["aaa", "cccc", "dd!"]);
    }
}
