use zim_core::session::{ConnectionState, Input, Output, SessionEvent};
use zim_protocol::code::{Code, Fault};
use zim_protocol::frame::{ReplyBody, RequestBody, ServerFrame};
use zim_protocol::session::{ClosingReason, RenewToken, TokenRenewed};

use crate::support::*;

const NOTHING: [&str; 0] = [];

#[test]
fn logging_in() {
    let mut client = Client::new();
    assert_eq!(client.session.state(), ConnectionState::Disconnected);
    assert_eq!(client.login(1, "bob"), ["Connecting/ActiveLogin", "open 1"]);
    assert_eq!(client.session.state(), ConnectionState::Connecting);
    assert!(!client.session.is_logged_in());
    client.now += 300;
    assert_eq!(client.opened(), ["1> login p.i1 9700"]);
    assert_eq!(client.grant(), ["1 ok", "Connected/Success"]);
    assert_eq!(client.session.state(), ConnectionState::Connected);
    assert!(client.session.is_logged_in());
}

#[test]
fn only_one_login_at_a_time() {
    let mut client = Client::new();
    client.login(1, "bob");
    assert_eq!(client.login(2, "bob"), ["2 6000111"]);
    client.opened();
    client.grant();
    assert_eq!(client.login(3, "carl"), ["3 6000111"]);
    assert!(client.session.is_logged_in());
}

#[test]
fn nothing_is_asked_for_without_a_login() {
    let mut client = Client::new();
    assert_eq!(client.request(1, accept("x")), ["1 6000121"]);
    client.login(2, "bob");
    assert_eq!(client.request(3, accept("x")), ["3 6000121"]);
    client.opened();
    client.grant();
    assert_eq!(client.request(4, accept("x")), ["1> call_accept p.4 10000"]);
    assert_eq!(client.request(5, RequestBody::Logout), ["5 6090003"], "not a request of the host's");
}

#[test]
fn a_login_is_tried_until_its_time_is_up() {
    let mut client = Client::new();
    client.login(1, "bob");
    let mut opened = 1;
    loop {
        assert_eq!(client.lost(), NOTHING);
        let outputs = client.next();
        if client.session.state() == ConnectionState::Disconnected {
            assert_eq!(outputs, ["1 6000104", "Disconnected/LoginTimeout"]);
            assert_eq!(client.now, 11_000);
            break;
        }
        opened += 1;
        assert_eq!(outputs, [format!("open {opened}")]);
    }
    assert!((5..60).contains(&opened), "{opened} attempts in 10 s");
    let Output::Complete { result: Err(fault), .. } = &client.last()[0] else { panic!("{:?}", client.last()) };
    assert!(fault.message.contains("because"), "the cause is in the message: {fault}");
    assert_eq!(client.session.next_deadline(), None);
    assert_eq!(client.login(2, "bob"), ["Connecting/ActiveLogin".to_owned(), format!("open {}", opened + 1)]);
}

#[test]
fn a_login_where_something_else_answers_says_so() {
    let mut client = Client::new();
    client.login(1, "bob");
    let mut outputs = Vec::new();
    while client.session.state() == ConnectionState::Connecting {
        let fault = Fault::new(Code::NETWORK_SERVER_ERROR, "this is a web server");
        client.handle(Input::Lost { connection: client.connection, fault });
        outputs = client.next();
    }
    assert_eq!(outputs, ["1 6000102", "Disconnected/LoginTimeout"]);
}

#[test]
fn a_login_that_nobody_answers_times_out_otherwise() {
    let mut client = Client::new();
    client.login(1, "bob");
    client.opened();
    client.now = 10_999;
    assert_eq!(client.handle(Input::Tick), NOTHING);
    assert_eq!(client.next(), ["1 6000105", "close 1", "Disconnected/LoginTimeout"]);
    assert_eq!(client.now, 11_000);
}

#[test]
fn a_connection_that_does_not_stand_or_does_not_answer_is_given_up() {
    let mut client = Client::new();
    client.handle(Input::Login { ticket: 1, timeout_ms: 60_000, credentials: credentials("bob") });
    assert_eq!(client.next(), ["close 1"]);
    assert_eq!(client.now, 11_000);
    assert_eq!(client.next(), ["open 2"]);
    client.opened();
    let before = client.now;
    assert_eq!(client.next(), ["close 2"]);
    assert_eq!(client.now, before + 10_000);
    assert_eq!(client.opened(), NOTHING, "too late");
    client.reopen();
    assert_eq!(client.grant(), ["1 ok", "Connected/Success"]);
}

#[test]
fn a_refused_login() {
    for (code, last) in [
        (Code::TOKEN_EXPIRED, "Disconnected/TokenExpired"),
        (Code::TOKEN_INVALID, "Disconnected/LoginInterrupted"),
        (Code::INVALID_APP_ID, "Disconnected/LoginInterrupted"),
        (Code::SERVER_ERROR, "Disconnected/LoginInterrupted"),
    ] {
        let mut client = Client::new();
        client.login(1, "bob");
        client.opened();
        assert_eq!(client.answer(Err(fault(code))), [&format!("1 {}", code.0), "close 1", last]);
        assert_eq!(client.session.next_deadline(), None);
        let Some(Output::Emit { event: SessionEvent::ConnectionStateChanged { extended_data, .. }, .. }) =
            client.last().last()
        else {
            panic!("{:?}", client.last())
        };
        assert_eq!(extended_data[0], ("code".to_owned(), code.0.to_string()));
        assert_eq!(extended_data[1], ("message".to_owned(), "because".to_owned()));
    }
}

#[test]
fn a_server_that_stops_is_no_refusal() {
    let mut client = Client::new();
    client.login(1, "bob");
    client.opened();
    assert_eq!(client.answer(Err(fault(Code::SERVER_STOPPING))), ["close 1"]);
    client.reopen();
    assert_eq!(client.frame(closing(ClosingReason::ServerStopping)), ["close 2"]);
    client.reopen();
    assert_eq!(
        client.frame(closing(ClosingReason::Unregistered)),
        ["1 6000003", "close 3", "Disconnected/Unregistered"]
    );
}

#[test]
fn an_answer_of_another_kind_is_no_answer() {
    let mut client = Client::new();
    client.login(1, "bob");
    client.opened();
    assert_eq!(client.answer(Ok(done(&accept("x")))), ["Error 6090006", "close 1"]);
    client.reopen();
    assert_eq!(client.grant(), ["1 ok", "Connected/Success"]);
}

#[test]
fn logging_out() {
    let mut client = Client::connected("bob", 0);
    client.request(7, accept("x"));
    assert_eq!(client.handle(Input::Logout), ["7 6000122", "1> logout p.i2 10000", "close 1", "Disconnected/Success"]);
    assert_eq!(client.session.next_deadline(), None);
    assert_eq!(client.handle(Input::Logout), NOTHING);
    assert_eq!(client.request(8, accept("x")), ["8 6000121"]);
    assert_eq!(client.login(9, "carl"), ["Connecting/ActiveLogin", "open 2"]);
}

#[test]
fn the_next_login_says_of_what_the_last_logout_was() {
    let named = |client: &Client| match &client.sent.last().unwrap().body {
        RequestBody::Login(login) => login.logged_out.clone().map(|session| session.to_string()),
        other => panic!("{other:?}"),
    };
    let mut client = Client::connected("bob", 0);
    client.lost();
    client.handle(Input::Logout);
    client.login(2, "carl");
    client.opened();
    assert_eq!(named(&client), None, "another user");
    client.handle(Input::Logout);
    client.login(3, "bob");
    client.opened();
    assert!(named(&client).is_some());
    client.lost();
    client.reopen();
    assert!(named(&client).is_some(), "nobody has heard it yet");
    client.grant();
    client.handle(Input::Logout);
    client.login(4, "bob");
    client.opened();
    assert!(named(&client).is_some(), "of the session that has just ended");
}

#[test]
fn logging_out_while_logging_in() {
    let mut client = Client::new();
    client.login(1, "bob");
    assert_eq!(client.handle(Input::Logout), ["1 6000122", "close 1", "Disconnected/Success"]);
    client.login(2, "bob");
    client.opened();
    assert_eq!(
        client.handle(Input::Logout),
        ["2 6000122", "2> logout p.i2 10000", "close 2", "Disconnected/Success"],
        "the login may be under way"
    );
}

#[test]
fn logging_out_without_a_link() {
    let mut client = Client::connected("bob", 0);
    client.request(7, accept("x"));
    client.lost();
    assert_eq!(client.handle(Input::Logout), ["7 6000122", "Disconnected/Success"]);
    assert_eq!(client.session.next_deadline(), None);
}

#[test]
fn being_destroyed() {
    let mut client = Client::connected("bob", 0);
    client.frame(event(1, invited("x")));
    client.request(7, accept("x"));
    assert_eq!(client.handle(Input::Destroy), ["7 6090008", "1> logout p.i2 10000", "close 1"]);
    assert_eq!(client.session.state(), ConnectionState::Disconnected);
    assert_eq!(client.session.next_deadline(), None);
    assert_eq!(client.returned(), NOTHING);
    assert_eq!(client.request(8, accept("x")), ["8 6090008"]);
    assert_eq!(client.login(9, "bob"), ["9 6090008"]);
    assert_eq!(client.frame(event(2, invited("y"))), NOTHING);
    assert_eq!(client.handle(Input::Destroy), NOTHING);

    let mut client = Client::new();
    client.login(1, "bob");
    assert_eq!(client.handle(Input::Destroy), ["1 6090008", "close 1"]);
}

#[test]
fn a_renewed_token_is_used_from_then_on() {
    let mut client = Client::connected("bob", 0);
    client.request(7, RequestBody::RenewToken(RenewToken { token: "second".to_owned() }));
    assert_eq!(client.grant(), ["7 ok"]);
    client.cut();
    assert_eq!(client.last_resume().credentials.token, "second");
}

#[test]
fn a_token_that_could_not_be_renewed_in_time_gives_way_to_the_new_one() {
    let mut client = Client::new();
    client.login(1, "bob");
    client.opened();
    let mut answer = logged_in(0, Some(0));
    answer.token_expires_in_s = Some(30);
    client.answer(Ok(ReplyBody::Login(answer)));
    client.frame(caught_up(0));
    client.lost();
    let body = RequestBody::RenewToken(RenewToken { token: "second".to_owned() });
    client.handle(Input::Request { ticket: 7, timeout_ms: 60_000, body });
    client.reopen();
    assert_eq!(client.last_resume().credentials.token, "first", "good for 30 s");
    client.lost();
    client.after(30_000);
    client.reopen();
    assert_eq!(client.last_resume().credentials.token, "second");
    client.answer(Ok(ReplyBody::Resume(logged_in(0, None))));
    client.answer(Ok(ReplyBody::RenewToken(TokenRenewed { token_expires_in_s: None })));
    client.cut();
    assert_eq!(client.last_resume().credentials.token, "second");
}

#[test]
fn the_host_is_warned_of_a_token_that_expires() {
    let mut client = Client::connected("bob", 0);
    assert_eq!(client.frame(ServerFrame::TokenWillExpire { seconds: 30 }), ["TokenWillExpire 30"]);
}

#[test]
fn a_prefix_is_made_to_fit_request_ids() {
    let config = zim_core::session::ClientConfig { request_prefix: "ä ".repeat(40) + &"p".repeat(80), jitter_seed: 0 };
    let mut client = Client::new();
    client.session = zim_core::session::ClientSession::new(config);
    client.login(1, "bob");
    client.opened();
    client.grant();
    client.request(u64::MAX, accept("x"));
    assert_eq!(client.sent.last().unwrap().id.as_str(), format!("{}.{}", "p".repeat(40), u64::MAX));
}
