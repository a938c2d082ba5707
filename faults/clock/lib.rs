//! A wall clock that jumps, to be preloaded (LD_PRELOAD) into a process.
//!
//! Every reading of CLOCK_REALTIME is shifted by the milliseconds that stand in the file that `ZIM_FAULTS_CLOCK` names,
//! as eight bytes. The file is mapped, so that writing it moves the clocks of all processes at once. All other clocks
//! are left alone: the kernel does not let them jump either.

use std::ffi::c_int;
use std::sync::atomic::{AtomicI64, AtomicPtr, Ordering};

const NS: i64 = 1_000_000_000;

static SHIFT: AtomicPtr<AtomicI64> = AtomicPtr::new(std::ptr::null_mut());
static UNSHIFTED: AtomicI64 = AtomicI64::new(0);

/// Where the shift stands. Looked for once; without the variable the clock is right.
fn shift() -> i64 {
    let mut place = SHIFT.load(Ordering::Acquire);
    if place.is_null() {
        place = map().unwrap_or_else(|| std::ptr::from_ref(&UNSHIFTED).cast_mut());
        SHIFT.store(place, Ordering::Release);
    }
    // SAFETY: it is our static, or eight bytes of a mapping that is never undone.
    unsafe { &*place }.load(Ordering::Relaxed)
}

fn map() -> Option<*mut AtomicI64> {
    // SAFETY: the name is a C string. Nothing changes the environment so early.
    let path = unsafe { libc::getenv(c"ZIM_FAULTS_CLOCK".as_ptr()) };
    if path.is_null() {
        return None;
    }
    // SAFETY: `path` is a C string; the descriptor is used and closed here alone.
    unsafe {
        let file = libc::open(path, libc::O_RDONLY | libc::O_CLOEXEC);
        if file < 0 {
            return None;
        }
        let mapped = libc::mmap(std::ptr::null_mut(), 8, libc::PROT_READ, libc::MAP_SHARED, file, 0);
        libc::close(file);
        (mapped != libc::MAP_FAILED).then_some(mapped.cast())
    }
}

/// In the place of the C library's.
///
/// # Safety
/// `time` is as `clock_gettime(2)` wants it.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn clock_gettime(clock: libc::clockid_t, time: *mut libc::timespec) -> c_int {
    // SAFETY: the same arguments as the C library's function has.
    let result = unsafe { libc::syscall(libc::SYS_clock_gettime, clock, time) };
    if result == 0 && clock == libc::CLOCK_REALTIME && !time.is_null() {
        // SAFETY: the kernel has just filled it.
        let time = unsafe { &mut *time };
        let shifted = time.tv_sec * NS + time.tv_nsec + shift() * 1_000_000;
        time.tv_sec = shifted.div_euclid(NS);
        time.tv_nsec = shifted.rem_euclid(NS);
    }
    if result == 0 { 0 } else { -1 }
}
