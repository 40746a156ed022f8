//! Shared memory from zero: what a forked process shares, and what it does not.
//! Chapter: book/src/shared-memory.md. Run: cargo run -p shmkv-book --example shared_memory

use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::process;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use nix::Result;
use nix::fcntl::OFlag;
use nix::sys::mman::{MapFlags, ProtFlags, mmap, munmap, shm_open, shm_unlink};
use nix::sys::stat::Mode;
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork, ftruncate};

const LENGTH: NonZeroUsize = NonZeroUsize::new(4096).expect("not 0");

fn main() -> Result<()> {
    private_memory()?;

    let name = format!("/shmkv-book-{}", process::id());
    let object = create(&name)?;
    let first = map(&object)?;
    let second = map(&object)?;
    shared_memory(first)?;
    two_addresses(first, second);
    shm_unlink(name.as_str())?;
    after_unlink(&name, second);

    unmap(first)?;
    unmap(second)
}

// ANCHOR: private
fn private_memory() -> Result<()> {
    let mut number = 1;
    in_a_child(|| {
        number += 41;
        println!("private: the child has {number}");
    })?;
    println!("private: the parent has {number}");
    Ok(())
}
// ANCHOR_END: private

// ANCHOR: create
fn create(name: &str) -> Result<OwnedFd> {
    let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_RDWR;
    let object = shm_open(name, flags, Mode::S_IRUSR | Mode::S_IWUSR)?;
    ftruncate(&object, LENGTH.get() as i64)?;
    Ok(object)
}
// ANCHOR_END: create

// ANCHOR: map
fn map(object: &OwnedFd) -> Result<NonNull<c_void>> {
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: the kernel chooses an address at which nothing of ours lies.
    unsafe { mmap(None, LENGTH, access, MapFlags::MAP_SHARED, object, 0) }
}

/// The number in the first four bytes of a mapping.
fn number_at(mapping: NonNull<c_void>) -> &'static AtomicU32 {
    // SAFETY: the mapping is a page long and aligned to a page; any bytes are a
    // number; it is an atomic, so that others may change it behind the
    // reference; and it is unmapped only when `main` is done with it.
    unsafe { mapping.cast::<AtomicU32>().as_ref() }
}
// ANCHOR_END: map

// ANCHOR: shared
fn shared_memory(mapping: NonNull<c_void>) -> Result<()> {
    let number = number_at(mapping);
    number.store(1, SeqCst);
    in_a_child(|| {
        let before = number.fetch_add(41, SeqCst);
        println!("shared: the child has {}", before + 41);
    })?;
    println!("shared: the parent has {}", number.load(SeqCst));
    Ok(())
}
// ANCHOR_END: shared

// ANCHOR: addresses
fn two_addresses(first: NonNull<c_void>, second: NonNull<c_void>) {
    println!("the same address: {}", first == second);
    number_at(first).store(7, SeqCst);
    println!("the same bytes: {}", number_at(second).load(SeqCst) == 7);
}
// ANCHOR_END: addresses

// ANCHOR: unlinked
fn after_unlink(name: &str, mapping: NonNull<c_void>) {
    let opened = shm_open(name, OFlag::O_RDWR, Mode::empty());
    println!("opened by its name: {}", opened.is_ok());
    println!("still mapped: {}", number_at(mapping).load(SeqCst) == 7);
}
// ANCHOR_END: unlinked

/// Does something in a forked child, and waits for it.
fn in_a_child(something: impl FnOnce()) -> Result<()> {
    // SAFETY: this program has one thread, so the child lacks nothing.
    match unsafe { fork() }? {
        ForkResult::Child => {
            something();
            process::exit(0);
        }
        ForkResult::Parent { child } => waitpid(child, None).map(drop),
    }
}

fn unmap(mapping: NonNull<c_void>) -> Result<()> {
    // SAFETY: it was mapped by `map` with this length, and nothing refers to it
    // any more.
    unsafe { munmap(mapping, LENGTH.get()) }
}
