//! Handles: a slot and a generation in a pointer's coat. They are looked up, never dereferenced.

use std::sync::{Arc, PoisonError, RwLock};

use once_cell::sync::Lazy;
use zim_protocol::code::{Code, Fault};

use crate::client::Client;

/// A client. Made by `ZIM_Create`, void after `ZIM_Destroy`. The pointer is a name, not an address: any other value is
/// recognized and refused with ZIMErrorCode_CommonModuleNotInit.
#[derive(Debug)]
pub struct ZIMClient {
    _private: [u8; 0],
}

static CLIENTS: Lazy<RwLock<Table<Arc<Client>>>> = Lazy::new(|| RwLock::new(Table::new()));

/// Keeps the client and names it.
pub fn insert(client: Client) -> Result<*mut ZIMClient, Fault> {
    let mut table = CLIENTS.write().unwrap_or_else(PoisonError::into_inner);
    let handle = table.insert(Arc::new(client));
    handle.map(pointer).ok_or_else(|| Fault::new(Code::FAILED, format!("more than {SLOTS} clients at once")))
}

pub fn find(handle: *mut ZIMClient) -> Result<Arc<Client>, Fault> {
    let table = CLIENTS.read().unwrap_or_else(PoisonError::into_inner);
    table.find(handle.addr()).map(Arc::clone).ok_or_else(|| unknown(handle))
}

/// Forgets the client; from now on nobody finds it.
pub fn remove(handle: *mut ZIMClient) -> Result<Arc<Client>, Fault> {
    let mut table = CLIENTS.write().unwrap_or_else(PoisonError::into_inner);
    table.remove(handle.addr()).ok_or_else(|| unknown(handle))
}

/// The client that has lived longest, or NULL.
pub fn oldest() -> *mut ZIMClient {
    let table = CLIENTS.read().unwrap_or_else(PoisonError::into_inner);
    table.oldest().map_or(std::ptr::null_mut(), pointer)
}

fn pointer(handle: usize) -> *mut ZIMClient {
    std::ptr::without_provenance_mut(handle)
}

fn unknown(handle: *mut ZIMClient) -> Fault {
    let what = if handle.is_null() { "the client is NULL" } else { "there is no such client" };
    let advice = "it must come from ZIM_Create and not have been given to ZIM_Destroy";
    Fault::new(Code::NOT_INIT, format!("{what}; {advice}"))
}

/// Bits of a handle that are the slot.
const SLOT_BITS: u32 = if usize::BITS == 64 { 16 } else { 11 };
/// Slots, and so clients that live at once.
const SLOTS: usize = 1 << SLOT_BITS;
/// Bits of a handle that are the generation. A slot whose generations are used up is not used again.
const GENERATION_BITS: u32 = if usize::BITS == 64 { 31 } else { 20 };
const GENERATION_MAX: usize = (1 << GENERATION_BITS) - 1;
/// The rest: an odd number, and on 64 bits one whose upper part no address of a program has.
const MARK: usize = if usize::BITS == 64 { (0x5a49 << (usize::BITS - 16)) | 1 } else { 1 };

struct Table<T> {
    slots: Vec<Slot<T>>,
    free: Vec<usize>,
    /// Entries ever made; the entry's number tells its age.
    made: u64,
}

struct Slot<T> {
    generation: usize,
    entry: Option<(u64, T)>,
}

impl<T> Table<T> {
    const fn new() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), made: 0 }
    }

    fn insert(&mut self, value: T) -> Option<usize> {
        let at = match self.free.pop() {
            Some(at) => at,
            None if self.slots.len() < SLOTS => {
                self.slots.push(Slot { generation: 0, entry: None });
                self.slots.len() - 1
            }
            None => return None,
        };
        let slot = self.slots.get_mut(at)?;
        slot.generation += 1;
        slot.entry = Some((self.made, value));
        self.made += 1;
        Some(named(at, slot.generation))
    }

    fn find(&self, handle: usize) -> Option<&T> {
        let slot = self.slots.get(slot_of(handle)).filter(|slot| named(slot_of(handle), slot.generation) == handle)?;
        slot.entry.as_ref().map(|(_, value)| value)
    }

    fn remove(&mut self, handle: usize) -> Option<T> {
        self.find(handle)?;
        let at = slot_of(handle);
        let slot = self.slots.get_mut(at)?;
        let entry = slot.entry.take();
        if slot.generation < GENERATION_MAX {
            self.free.push(at);
        }
        entry.map(|(_, value)| value)
    }

    fn oldest(&self) -> Option<usize> {
        let living = self.slots.iter().enumerate();
        let living = living.filter_map(|(at, slot)| Some((slot.entry.as_ref()?.0, named(at, slot.generation))));
        living.min().map(|(_, handle)| handle)
    }
}

fn named(slot: usize, generation: usize) -> usize {
    MARK | slot << 1 | generation << (1 + SLOT_BITS)
}

fn slot_of(handle: usize) -> usize {
    (handle >> 1) & (SLOTS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_names_one_entry_for_ever() {
        let mut table = Table::new();
        let first = table.insert("first").unwrap();
        let second = table.insert("second").unwrap();
        assert_eq!((table.find(first), table.find(second)), (Some(&"first"), Some(&"second")));
        assert_eq!(table.remove(first), Some("first"));
        assert_eq!(table.find(first), None);
        assert_eq!(table.remove(first), None);
        let third = table.insert("third").unwrap();
        assert_eq!(slot_of(third), slot_of(first));
        assert_eq!((table.find(first), table.find(third)), (None, Some(&"third")));
    }

    #[test]
    fn numbers_that_were_never_handles_are_not_found() {
        let mut table = Table::new();
        let handle = table.insert(()).unwrap();
        let on_stack = 0_u64;
        let strange =
            [0, 1, 2, 3, usize::MAX, handle - 1, handle ^ 1 << 40_u32.min(usize::BITS - 1), handle & 0xffff_ffff];
        for number in strange.into_iter().chain([std::ptr::from_ref(&on_stack).addr()]) {
            assert!(number == handle || table.find(number).is_none(), "{number:#x}");
        }
    }

    #[test]
    fn the_oldest_is_found() {
        let mut table = Table::new();
        assert_eq!(table.oldest(), None);
        let handles: Vec<_> = (0..3).map(|number| table.insert(number).unwrap()).collect();
        assert_eq!(table.oldest(), Some(handles[0]));
        table.remove(handles[0]);
        table.insert(3).unwrap();
        assert_eq!(table.oldest(), Some(handles[1]));
    }

    #[test]
    fn a_full_table_and_a_worn_slot_are_not_overrun() {
        let mut table = Table::new();
        let last = (0..SLOTS).map(|_| table.insert(()).unwrap()).last().unwrap();
        assert_eq!(table.insert(()), None);
        table.slots[slot_of(last)].generation = GENERATION_MAX;
        let worn = named(slot_of(last), GENERATION_MAX);
        assert_eq!(table.remove(worn), Some(()));
        assert_eq!(table.insert(()), None);
    }
}
