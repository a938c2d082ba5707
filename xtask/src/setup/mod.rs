//! What the commands need from outside, and how it gets here.

mod debian;
mod dotnet;
mod python;

use crate::Outcome;
use crate::workspace::Workspace;

pub use dotnet::runtime as dotnet;
pub use python::interpreter as python;

/// Installs everything.
pub fn run(workspace: &Workspace) -> Outcome {
    debian::install(&mut |line| println!("{line}"))?;
    println!("programs: all there");
    println!("CoreCLR: {}", workspace.short(&dotnet(workspace)?));
    println!("Python with websockets: {}", workspace.short(&python(workspace)?));
    Ok(())
}

/// The programs alone: compilers, make, Mono. Says what it installs.
pub fn programs() -> Outcome {
    debian::install(&mut |line| println!("{line}"))
}
