//! Requests: what is refused at once, and what travels.

use zim_protocol::call::{CallAnswered, CallCancelled, CallInvited};
use zim_protocol::frame::RequestBody;
use zim_protocol::session::{Done, TokenRenewed};

use super::*;

fn unrun<T: 'static>() -> CallCompletion<T> {
    Box::new(|_, _| panic!("a refused request completes nothing"))
}

#[test]
fn a_login_and_a_call_travel_to_the_server_and_back() {
    let server = Server::start();
    let host = Host::new(&server.url());
    let done = host.login();
    let connection = server.accept();
    let login = connection.welcome();
    match &login.body {
        RequestBody::Login(login) => {
            let credentials = &login.credentials;
            assert_eq!((credentials.user_id.as_str(), credentials.token.as_str()), ("alice", "token"));
            assert_eq!(credentials.device_id.as_str().len(), 16);
            assert!(credentials.client.starts_with("libzim/"));
        }
        other => panic!("{}", other.kind()),
    }
    done.recv_timeout(PATIENCE).unwrap().unwrap();
    assert_eq!(host.client.connection_state(), ConnectionState::Connected);

    let done = host.invite(&["bob"]);
    let request = connection.request();
    let RequestBody::CallInvite(invite) = &request.body else { panic!("{}", request.body.kind()) };
    assert_eq!(invite.invitees, users(&["bob"]));
    let reply = CallInvited { call_id: invite.call_id.clone(), timeout_s: 90, error_users: Vec::new() };
    connection.reply(&request, ReplyBody::CallInvite(reply));
    let (call, result) = done.recv_timeout(PATIENCE).unwrap();
    result.unwrap();
    assert_eq!(call, invite.call_id);
    assert_eq!(call.as_str().len(), 26);

    let (to, done) = channel();
    let cancelled: CallCompletion<_> = Box::new(move |_, result| to.send(result).unwrap());
    host.client.call_cancel(call.clone(), Vec::new(), "bye".to_owned(), None, cancelled).unwrap();
    let request = connection.request();
    let reply = CallCancelled { call_id: call.clone(), error_users: Vec::new() };
    connection.reply(&request, ReplyBody::CallCancel(reply));
    done.recv_timeout(PATIENCE).unwrap().unwrap();

    let (to, done) = channel();
    let other = to.clone();
    let accepted: CallCompletion<_> = Box::new(move |_, result| to.send(result).unwrap());
    host.client.call_accept(call.clone(), String::new(), accepted).unwrap();
    let rejected: CallCompletion<_> = Box::new(move |_, result| other.send(result).unwrap());
    host.client.call_reject(call.clone(), String::new(), rejected).unwrap();
    let (accept, reject) = (connection.request(), connection.request());
    connection.reply(&accept, ReplyBody::CallAccept(CallAnswered { call_id: call.clone() }));
    connection.refuse(&reject, Code::CALL_DOES_NOT_EXIST, "over");
    done.recv_timeout(PATIENCE).unwrap().unwrap();
    assert_eq!(done.recv_timeout(PATIENCE).unwrap().unwrap_err().code, Code::CALL_DOES_NOT_EXIST);

    let (to, done) = channel();
    host.client.renew_token("newer".to_owned(), Box::new(move |result| to.send(result).unwrap())).unwrap();
    let request = connection.request();
    assert!(matches!(&request.body, RequestBody::RenewToken(renewal) if renewal.token == "newer"));
    connection.reply(&request, ReplyBody::RenewToken(TokenRenewed { token_expires_in_s: None }));
    done.recv_timeout(PATIENCE).unwrap().unwrap();

    host.client.logout().unwrap();
    assert_eq!(host.client.connection_state(), ConnectionState::Disconnected);
    assert!(matches!(connection.request().body, RequestBody::Logout));
    connection.expect_end();
}

#[test]
fn what_can_be_seen_at_once_is_refused_at_once() {
    let server = Server::start();
    let (host, _connection) = Host::logged_in(&server);
    let invite = |names: &[&str], options: InviteOptions| host.client.call_invite(users(names), options, unrun());
    let names: Vec<String> = (0..101).map(|number| format!("u{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    for (result, code, says) in [
        (invite(&[], options()), Code::PARAMS_INVALID, "1 to 9 users"),
        (invite(&["alice", "alice"], options()), Code::PARAMS_INVALID, "other than yourself"),
        (invite(&names[..10], options()), Code::CALL_SERVER_ERROR, "at most 9 users at once; got 10"),
        (invite(&names, options()), Code::CALL_SERVER_ERROR, "got 101"),
        (invite(&["bob"], InviteOptions { timeout_s: 601, ..options() }), Code::PARAMS_INVALID, "1 to 600 s"),
        (invite(&["bob"], InviteOptions { mode: CallMode::Advanced, ..options() }), Code::PARAMS_INVALID, "General"),
        (invite(&["bob"], InviteOptions { mode: CallMode::Unknown, ..options() }), Code::PARAMS_INVALID, "General"),
        (
            invite(&["bob"], InviteOptions { extended_data: "x".repeat(2_049), ..options() }),
            Code::PARAMS_INVALID,
            "at most 2048 bytes",
        ),
    ] {
        let fault = result.unwrap_err();
        assert_eq!(fault.code, code, "{fault}");
        assert!(fault.message.contains(says), "{fault}");
    }
    let call = CallId::parse("call").unwrap();
    let long = || "x".repeat(2_049);
    let cancel = host.client.call_cancel(call.clone(), users(&names), String::new(), None, unrun());
    assert!(cancel.unwrap_err().message.contains("at most 100 users"));
    let cancel = host.client.call_cancel(call.clone(), Vec::new(), long(), None, unrun());
    assert_eq!(code(cancel), Code::PARAMS_INVALID);
    assert_eq!(code(host.client.call_accept(call.clone(), long(), unrun())), Code::PARAMS_INVALID);
    assert_eq!(code(host.client.call_reject(call, long(), unrun())), Code::PARAMS_INVALID);
    let unrun_too = || -> Completion<()> { Box::new(|_| panic!("a refused request completes nothing")) };
    assert_eq!(code(host.client.renew_token("x".repeat(8_193), unrun_too())), Code::PARAMS_INVALID);
    assert_eq!(code(host.client.login(user("alice"), String::new(), unrun_too())), Code::USER_HAS_ALREADY_LOGGED);
    host.client.logout().unwrap();
    let call = CallId::parse("call").unwrap();
    assert_eq!(code(host.client.call_accept(call, String::new(), unrun())), Code::USER_IS_NOT_LOGGED);
    assert_eq!(code(host.client.logout()), Code::USER_IS_NOT_LOGGED);
    let too_long = User { user_name: "x".repeat(257), ..user("alice") };
    assert_eq!(code(host.client.login(too_long, String::new(), unrun_too())), Code::PARAMS_INVALID);
}

#[test]
fn refusals_follow_the_order_of_the_hosts_own_calls() {
    let server = Server::start();
    let host = Host::new(&server.url());
    let invite = || host.client.call_invite(users(&["bob"]), options(), unrun());
    assert_eq!(code(invite()), Code::USER_IS_NOT_LOGGED);
    let done = host.login();
    assert_eq!(host.client.connection_state(), ConnectionState::Connecting);
    assert_eq!(code(invite()), Code::USER_IS_NOT_LOGGED);
    let _connection = server.accept_login();
    done.recv_timeout(PATIENCE).unwrap().unwrap();
    host.client.logout().unwrap();
    assert_eq!(code(invite()), Code::USER_IS_NOT_LOGGED);
    let done = host.login();
    host.client.logout().unwrap();
    assert_eq!(done.recv_timeout(PATIENCE).unwrap().unwrap_err().code, Code::USER_HAS_ALREADY_LOGGED_OUT);
}

#[test]
fn inside_the_logins_result_the_client_may_be_used() {
    let server = Server::start();
    let host = Host::new(&server.url());
    let (to, done) = channel();
    let client = host.client.clone();
    let then: Completion<()> = Box::new(move |result| {
        result.unwrap();
        let invited: CallCompletion<_> = Box::new(|_, _| {});
        to.send(code(client.call_invite(users(&["bob"]), options(), invited))).unwrap();
    });
    host.client.login(user("alice"), String::new(), then).unwrap();
    let _connection = server.accept_login();
    assert_eq!(done.recv_timeout(PATIENCE).unwrap(), Code::SUCCESS);
}

#[test]
fn a_refused_login_can_be_tried_again_inside_its_result() {
    let server = Server::start();
    let host = Host::new(&server.url());
    let (to, done) = channel();
    let client = host.client.clone();
    let first: Completion<()> = Box::new(move |result| {
        assert_eq!(result.unwrap_err().code, Code::TOKEN_INVALID);
        let second: Completion<()> = Box::new(move |result| to.send(result).unwrap());
        client.login(user("alice"), "good".to_owned(), second).unwrap();
    });
    host.client.login(user("alice"), "bad".to_owned(), first).unwrap();
    let connection = server.accept();
    connection.refuse(&connection.request(), Code::TOKEN_INVALID, "no");
    let _connection = server.accept_login();
    done.recv_timeout(PATIENCE).unwrap().unwrap();
}

#[test]
fn the_log_is_uploaded_in_parts_without_secrets() {
    let server = Server::start();
    let (host, connection) = Host::logged_in(&server);
    let (to, done) = channel();
    host.client.upload_log(Box::new(move |result| to.send(result).unwrap())).unwrap();
    let mut text = String::new();
    loop {
        let request = connection.request();
        let RequestBody::UploadLog(part) = &request.body else { panic!("{}", request.body.kind()) };
        text.push_str(&part.text);
        connection.reply(&request, ReplyBody::UploadLog(Done {}));
        if part.part + 1 == part.parts {
            break;
        }
    }
    done.recv_timeout(PATIENCE).unwrap().unwrap();
    assert!(text.contains(&format!("connected to {}", server.url())), "{text}");
    assert!(!text.contains("token\""));

    let (to, done) = channel();
    host.client.upload_log(Box::new(move |result| to.send(result).unwrap())).unwrap();
    connection.refuse(&connection.request(), Code::UPLOAD_LOG_ERROR, "not here");
    assert_eq!(done.recv_timeout(PATIENCE).unwrap().unwrap_err().code, Code::UPLOAD_LOG_ERROR);
}

#[test]
fn configurations_are_checked_with_words() {
    let refused = |config: AppConfig| Client::create(config).err().unwrap();
    let fault = refused(config("http://localhost"));
    assert!(fault.message.contains("ws://host"), "{fault}");
    let fault = refused(AppConfig { app_sign: Some("secret".to_owned()), ..config("ws://localhost") });
    assert!(fault.message.contains("64 hexadecimal") && !fault.message.contains("secret"), "{fault}");
    let fault = refused(AppConfig { request_timeout_ms: 60_001, ..config("ws://localhost") });
    assert!(fault.message.contains("1 to 60000 ms"), "{fault}");
    let fault = refused(AppConfig { ca_file: Some("/nowhere/ca.pem".into()), ..config("wss://localhost") });
    assert!(fault.message.contains("/nowhere/ca.pem"), "{fault}");
}
