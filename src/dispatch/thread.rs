//! The library's threads: named, and out of reach of the host's signals.

use std::io;
use std::thread::{Builder, JoinHandle};

use crate::log;

/// Starts a thread that blocks every signal from its first instruction on, and whose own threads do so too.
pub fn spawn(name: &str, body: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    let builder = Builder::new().name(name.to_owned());
    let _blocked = BlockedSignals::new();
    builder.spawn(move || {
        log::mark_library_thread();
        body();
    })
}

/// Blocks every signal on the current thread, until it is dropped. A new thread inherits what its maker blocks.
#[cfg(unix)]
struct BlockedSignals {
    before: libc::sigset_t,
}

#[cfg(unix)]
impl BlockedSignals {
    fn new() -> BlockedSignals {
        // SAFETY: a sigset_t is plain data for which all zeroes is a value; sigfillset and pthread_sigmask write
        // only to the two sets given, which outlive the calls.
        unsafe {
            let mut all: libc::sigset_t = std::mem::zeroed();
            let mut before: libc::sigset_t = std::mem::zeroed();
            libc::sigfillset(&mut all);
            libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
            BlockedSignals { before }
        }
    }
}

#[cfg(unix)]
impl Drop for BlockedSignals {
    fn drop(&mut self) {
        // SAFETY: `before` was filled by pthread_sigmask; a null third argument asks for nothing.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &self.before, std::ptr::null_mut());
        }
    }
}

/// There are no signals to block.
#[cfg(not(unix))]
struct BlockedSignals;

#[cfg(not(unix))]
impl BlockedSignals {
    fn new() -> BlockedSignals {
        BlockedSignals
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    fn blocked() -> u64 {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).unwrap();
        u64::from_str_radix(mask.trim(), 16).unwrap()
    }

    #[test]
    fn a_library_thread_and_its_own_threads_block_signals_and_their_maker_does_not() {
        let before = blocked();
        let thread = spawn("zim-test", || {
            let here = blocked();
            let there = std::thread::spawn(blocked).join().unwrap();
            for mask in [here, there] {
                // SIGKILL and SIGSTOP cannot be blocked, and 32 and 33 belong to the C library.
                let cannot = (1 << (9 - 1)) | (1 << (19 - 1)) | (1 << (32 - 1)) | (1 << (33 - 1));
                assert_eq!(mask | cannot, u64::MAX, "{mask:x}");
            }
        });
        thread.unwrap().join().unwrap();
        assert_eq!(blocked(), before);
    }
}
