//! Another static library in Rust, which shares the standard library's symbols with libzim: see check.sh.

use std::collections::HashMap;
use std::panic::catch_unwind;

#[unsafe(no_mangle)]
pub extern "C" fn other_library() -> u32 {
    let mut words = HashMap::new();
    for number in 0..5_u32 {
        words.insert(format!("{number}"), number);
    }
    let thread = std::thread::spawn(move || catch_unwind(|| words.len() as u32).unwrap_or(0));
    thread.join().unwrap_or(0)
}
