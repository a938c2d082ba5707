//! Logs that clients upload.

use std::path::PathBuf;

use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::{ClientFrame, ReplyBody, Request, RequestBody};
use zim_protocol::id::RequestId;
use zim_protocol::limits;
use zim_protocol::session::UploadLog;
use zim_server::config::Config;

use crate::client::{Client, TestServer};

fn part(part: u32, parts: u32, text: &str) -> RequestBody {
    RequestBody::UploadLog(UploadLog { part, parts, text: text.to_owned() })
}

/// An empty directory for one test.
fn directory(test: &str) -> PathBuf {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("uploads-{test}-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

fn files(directory: &PathBuf) -> Vec<(String, String)> {
    let entries = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
    let mut files: Vec<_> = entries
        .map(|entry| (entry.file_name().into_string().unwrap(), std::fs::read_to_string(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn a_server_without_a_place_for_logs_refuses_them() {
    let server = TestServer::dev().await;
    let mut alice = Client::login(&server, "alice").await;
    let fault = alice.request(part(0, 1, "text")).await.unwrap_err();
    assert_eq!(fault.code, Code::UPLOAD_LOG_ERROR);
    assert!(fault.message.contains("client_logs_dir"), "{fault}");
    server.stop().await;
}

#[tokio::test]
async fn the_parts_become_one_file() {
    let directory = directory("parts");
    let server = TestServer::start(Config { client_logs_dir: Some(directory.clone()), ..Config::dev() }).await;
    let (mut alice, _) = Client::login_on(&server, "..|alice", "a/b").await;
    alice.request(part(0, 3, "one\n")).await.unwrap();
    alice.request(part(1, 3, "two\n")).await.unwrap();
    // The link breaks, and a part comes again.
    alice.resume(&server, &[]).await.unwrap();
    alice.request(part(1, 3, "two\n")).await.unwrap();
    let last = Request { id: RequestId::parse("last").unwrap(), ttl_ms: 10_000, body: part(2, 3, "three\n") };
    for _ in 0..2 {
        alice.send(&ClientFrame::Request(last.clone())).await;
        assert!(matches!(alice.answer(&last.id).await, Ok(ReplyBody::UploadLog(_))));
    }
    let name = "1_-2e-2e-7calice_a-2fb.log".to_owned();
    assert_eq!(files(&directory), [(name.clone(), "one\ntwo\nthree\n".to_owned())]);
    // A new one takes its place.
    alice.request(part(0, 1, "other\n")).await.unwrap();
    assert_eq!(files(&directory), [(name, "other\n".to_owned())]);
    server.stop().await;
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn parts_that_are_wrong_are_refused() {
    let directory = directory("wrong");
    let server = TestServer::start(Config { client_logs_dir: Some(directory.clone()), ..Config::dev() }).await;
    let mut alice = Client::login(&server, "alice").await;
    let wide = "x".repeat(limits::LOG_PART_BYTES + 1);
    for (body, expected, text) in [
        (part(0, 0, ""), Code::PARAMS_INVALID, "1 to 16 parts"),
        (part(1, 1, ""), Code::PARAMS_INVALID, "1 to 16 parts"),
        (part(0, 17, ""), Code::PARAMS_INVALID, "1 to 16 parts"),
        (part(0, 1, &wide), Code::PARAMS_INVALID, "at most 24576 bytes"),
        (part(1, 2, "the first is missing"), Code::UPLOAD_LOG_ERROR, "could not keep"),
    ] {
        let Fault { code, message } = alice.request(body).await.unwrap_err();
        assert_eq!(code, expected, "{message}");
        assert!(message.contains(text), "{message}");
    }
    server.stop().await;
    std::fs::remove_dir_all(directory).unwrap();
}
