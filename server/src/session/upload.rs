//! Logs that clients upload.

use std::io;
use std::path::{Path, PathBuf};

use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::ReplyBody;
use zim_protocol::session::{Done, UploadLog};

use crate::calls::Actor;
use crate::node::Node;
use crate::store::{Answer, Commit, CommitResult, RequestKey};

/// Keeps one part; with the last one the log is complete. Parts may come again, and over several connections.
pub(super) async fn take(node: &Node, actor: &Actor, key: RequestKey, part: &UploadLog) -> Answer {
    let Some(directory) = &node.config.client_logs_dir else {
        return Err(refusal("this server takes no logs; client_logs_dir is not set in its configuration"));
    };
    let loaded = node.store.load(&[], Some(&key)).await.map_err(|error| super::login::unavailable(&error))?;
    if let Some(answer) = loaded.answered {
        return answer;
    }
    let files = Files { directory: directory.clone(), name: file_name(actor) };
    if let Err(error) = files.keep(part).await {
        tracing::warn!(%error, "cannot keep an uploaded log");
        return Err(refusal("the server could not keep the log; its own log says why"));
    }
    let answer = Ok(ReplyBody::UploadLog(Done {}));
    let remember = Some((key.clone(), answer.clone()));
    match node.commit(Commit { unanswered: Some(key), remember, ..Commit::default() }).await {
        Ok(CommitResult::Done(_) | CommitResult::Conflict) => answer,
        Ok(CommitResult::AlreadyAnswered(answer)) => answer,
        Err(error) => Err(super::login::unavailable(&error)),
    }
}

/// One log per user and device: a new one takes the place of the last.
struct Files {
    directory: PathBuf,
    name: String,
}

impl Files {
    async fn keep(&self, part: &UploadLog) -> io::Result<()> {
        tokio::fs::create_dir_all(&self.directory).await?;
        tokio::fs::write(self.part(part.part), &part.text).await?;
        if part.part + 1 < part.parts {
            return Ok(());
        }
        let mut log = Vec::new();
        for number in 0..part.parts {
            log.extend(tokio::fs::read(self.part(number)).await?);
        }
        tokio::fs::write(self.path("log"), log).await?;
        for number in 0..part.parts {
            tokio::fs::remove_file(self.part(number)).await?;
        }
        Ok(())
    }

    fn part(&self, number: u32) -> PathBuf {
        self.path(&format!("part{number:02}"))
    }

    fn path(&self, extension: &str) -> PathBuf {
        Path::new(&self.directory).join(format!("{}.{extension}", self.name))
    }
}

/// App, user and device in characters that mean nothing to any file system.
fn file_name(actor: &Actor) -> String {
    let (user, device) = (plain(actor.user.user.as_str()), plain(actor.device.as_str()));
    format!("{}_{user}_{device}", actor.user.app)
}

fn plain(text: &str) -> String {
    let mut plain = String::new();
    for byte in text.bytes() {
        match byte {
            b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' => plain.push(char::from(byte)),
            // Every other byte as -xx; so no two names are written alike.
            other => plain.push_str(&format!("-{other:02x}")),
        }
    }
    plain
}

fn refusal(message: impl Into<String>) -> Fault {
    Fault::new(Code::UPLOAD_LOG_ERROR, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_hold_no_way_out() {
        assert_eq!(plain("alice01"), "alice01");
        assert_eq!(plain("../a b"), "-2e-2e-2fa-20b");
        assert_eq!(plain("C:\\x_y"), "C-3a-5cx-5fy");
    }
}
