//! A client by a stranger: Python, written from docs/protocol.md alone.

use std::time::Duration;

use super::{Context, Step};
use crate::process::Program;
use crate::setup;

pub fn steps() -> Vec<Step> {
    vec![Step {
        name: "python",
        groups: &[],
        shows: "a client written from docs/protocol.md alone logs in, rings and answers",
        run: |context: &Context| {
            let python = setup::python(context.workspace)?;
            let server = context.start_server()?;
            let script = context.workspace.path("tests/python/ring.py");
            context.exec(Program::new(python).arg(script).arg(&server.url).limit(Duration::from_secs(120)))?;
            server.stop()?;
            Ok(String::new())
        },
    }]
}
