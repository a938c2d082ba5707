//! `cargo xtask demo`: the life of several invitations, on screen.

use crate::Outcome;
use crate::workspace::Workspace;

pub fn run(workspace: &Workspace) -> Outcome {
    play(workspace, &mut |line| println!("{line}"))
}

pub fn play(_workspace: &Workspace, _say: &mut dyn FnMut(&str)) -> Outcome {
    Ok(())
}
