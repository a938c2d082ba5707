//! What an invite may be, and what its first moment looks like.

use zim_core::call::{Audience, CallAuthority, Input};
use zim_protocol::call::{
    CallAnswer, CallCancel, CallEvent, CallInvite, CallInvited, CallMode, CallState, ErrorUser, PushConfig,
};
use zim_protocol::code::Code;
use zim_protocol::frame::ReplyBody;

use crate::support::{Outcome, answer, call_id, cancel, create, device, handle, invite, user, users};

fn refusal(request: &CallInvite) -> (Code, String) {
    let (authority, outcome) = create(0, request);
    assert!(authority.is_none() && outcome.notices.is_empty(), "a refused invite makes nothing");
    let fault = outcome.reply.unwrap().unwrap_err();
    (fault.code, fault.message)
}

fn accepted(outcome: &Outcome) -> &CallInvited {
    match outcome.reply.as_ref().unwrap() {
        Ok(ReplyBody::CallInvite(reply)) => reply,
        other => panic!("not an accepted invite: {other:?}"),
    }
}

#[test]
fn a_refused_invite_says_what_is_allowed() {
    let ten: Vec<String> = (0..10).map(|i| format!("u{i}")).collect();
    let ten: Vec<&str> = ten.iter().map(String::as_str).collect();
    let push = PushConfig { title: "t".repeat(257), ..PushConfig::default() };
    let bob = || invite(&["bob"]);
    let table = [
        (invite(&[]), Code::PARAMS_INVALID, "name 1 to 9 users other than yourself"),
        (invite(&["alice", "alice"]), Code::PARAMS_INVALID, "name 1 to 9 users other than yourself"),
        (invite(&ten), Code::CALL_SERVER_ERROR, "at most 9 users at once; got 10"),
        (invite(&["bob"; 101]), Code::CALL_SERVER_ERROR, "at most 9 users at once; got 101"),
        (CallInvite { timeout_s: 601, ..bob() }, Code::PARAMS_INVALID, "1 to 600 s, or 0 for 90 s; got 601"),
        (CallInvite { timeout_s: u32::MAX, ..bob() }, Code::PARAMS_INVALID, "1 to 600 s"),
        (CallInvite { mode: CallMode::Advanced, ..bob() }, Code::PARAMS_INVALID, "offers General calls only"),
        (CallInvite { mode: CallMode::Unknown, ..bob() }, Code::PARAMS_INVALID, "must be General (0)"),
        (
            CallInvite { extended_data: "e".repeat(2_049), ..bob() },
            Code::PARAMS_INVALID,
            "extended data must be at most 2048 bytes of UTF-8; got 2049",
        ),
        (CallInvite { push: Some(push), ..bob() }, Code::PARAMS_INVALID, "push title must be at most 256 bytes"),
        (
            invite(&["x1", "x2"]),
            Code::CALL_INVITE_USER_DOES_NOT_EXIST,
            "none of the invitees has ever logged in: x1, x2",
        ),
    ];
    for (request, code, words) in table {
        let (got, message) = refusal(&request);
        assert_eq!(got, code, "{message}");
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn the_list_is_cleaned_first_and_unknown_users_are_taken_out_last() {
    let (authority, outcome) = create(1_000, &invite(&["bob", "alice", "x1", "bob", "carol", "x1"]));
    let unknown = vec![ErrorUser { user_id: user("x1"), reason: Code::USER_IS_NOT_EXIST }];
    assert_eq!(*accepted(&outcome), CallInvited { call_id: call_id(), timeout_s: 90, error_users: unknown });
    let call = authority.unwrap().into_call();
    let rows: Vec<&str> = call.rows.iter().map(|row| row.user.as_str()).collect();
    assert_eq!(rows, ["alice", "bob", "carol"]);
    assert_eq!((call.rev, call.state, call.created_at), (1, CallState::Started, 1_000));

    // Nine others are enough, however often they and the caller are named; an unknown one counts as one of them.
    let mut many: Vec<&str> = vec!["alice"; 5];
    many.extend(["u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "x9"]);
    many.extend(["u1"; 50]);
    assert_eq!(create(0, &invite(&many)).0.unwrap().call().rows.len(), 9);
    many.push("x10");
    assert_eq!(refusal(&invite(&many)).0, Code::CALL_SERVER_ERROR);
}

#[test]
fn limits_are_allowed_themselves() {
    for timeout_s in [1, 600] {
        let extended_data = "e".repeat(2_048);
        let (_, outcome) = create(0, &CallInvite { timeout_s, extended_data, ..invite(&["bob"]) });
        assert_eq!(accepted(&outcome).timeout_s, timeout_s);
    }
}

#[test]
fn everybody_learns_of_a_new_call_on_the_right_devices() {
    let (_, outcome) = create(1_000, &invite(&["bob", "x1", "carol"]));
    let told: Vec<(&str, Audience, bool, Option<bool>)> = outcome
        .notices
        .iter()
        .map(|notice| {
            assert_eq!(notice.deadline, Some(91_000));
            let (call, rings, here) = match &notice.event {
                CallEvent::CallInvited(call) => (call, true, None),
                CallEvent::CallCreated { call, by_this_device } => (call, false, Some(*by_this_device)),
                CallEvent::CallChanged(change) => panic!("nothing has changed yet: {change:?}"),
            };
            assert_eq!((call.rev, call.remaining_ms, call.timeout_s, call.created_at), (1, 90_000, 90, 1_000));
            assert_eq!((&call.caller, &call.inviter), (&user("alice"), &user("alice")));
            let rows: Vec<&str> = call.users.iter().map(|row| row.user_id.as_str()).collect();
            assert_eq!(rows, ["alice", "bob", "carol"]);
            (notice.user.as_str(), notice.audience.clone(), rings, here)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("alice", Audience::Only(device("phone")), false, Some(true)),
            ("alice", Audience::Except(device("phone")), false, Some(false)),
            ("bob", Audience::All, true, None),
            ("carol", Audience::All, true, None),
        ]
    );
}

#[test]
fn the_same_invite_again_gets_the_first_answer_again_even_when_the_call_is_over() {
    let request = CallInvite { timeout_s: 30, ..invite(&["bob", "x1"]) };
    let (authority, outcome) = create(0, &request);
    let (mut authority, first) = (authority.unwrap(), accepted(&outcome).clone());
    // The same content in other words: the list as it is after cleaning counts.
    let again = CallInvite { invitees: users(&["alice", "bob", "bob", "x1"]), ..request.clone() };
    for now in [1_000, 30_000, 1_000_000] {
        let outcome = handle(&mut authority, now, Input::Invite { by: &user("alice"), request: &again });
        assert_eq!(*accepted(&outcome), first);
    }
    assert!(authority.call().is_ended());
}

#[test]
fn a_taken_call_id_is_refused_to_others_and_for_other_content() {
    let request = invite(&["bob"]);
    let other = |change: fn(&mut CallInvite)| {
        let mut request = request.clone();
        change(&mut request);
        request
    };
    let table = [
        ("bob", other(|request| request.invitees = vec![user("alice")])),
        ("eve", request.clone()),
        ("alice", other(|request| request.invitees = users(&["carol"]))),
        ("alice", other(|request| request.invitees = users(&["bob", "carol"]))),
        ("alice", other(|request| request.timeout_s = 91)),
        ("alice", other(|request| request.extended_data.clear())),
        ("alice", other(|request| request.not_received_check = false)),
        ("alice", other(|request| request.push = Some(PushConfig::default()))),
    ];
    for (by, again) in table {
        let mut authority = create(0, &request).0.unwrap();
        let before = authority.clone();
        let outcome = handle(&mut authority, 1, Input::Invite { by: &user(by), request: &again });
        let fault = outcome.reply.unwrap().unwrap_err();
        assert_eq!(fault.code, Code::CALL_ALREADY_EXISTS, "{by} {again:?}");
        assert!(fault.message.contains("use a new one"), "{fault}");
        assert_eq!((outcome.notices, authority), (vec![], before));
    }
    // What is malformed is refused as such, taken or not.
    let mut authority = create(0, &request).0.unwrap();
    let outcome = handle(&mut authority, 1, Input::Invite { by: &user("eve"), request: &invite(&[]) });
    assert_eq!(outcome.reply.unwrap().unwrap_err().code, Code::PARAMS_INVALID);
}

#[test]
fn requests_about_an_unknown_call_have_their_answers() {
    let (alice, phone, request) = (user("alice"), device("phone"), answer(""));
    let code = |input: &Input<'_>| CallAuthority::unknown(input).unwrap().unwrap_err().code;
    assert_eq!(code(&Input::Cancel { by: &alice, request: &cancel(&[]) }), Code::CALL_DOES_NOT_EXIST);
    assert_eq!(code(&Input::Accept { by: &alice, device: &phone, request: &request }), Code::CALL_DOES_NOT_EXIST);
    assert_eq!(code(&Input::Reject { by: &alice, device: &phone, request: &request }), Code::CALL_DOES_NOT_EXIST);
    assert_eq!(code(&Input::Received { by: &alice }), Code::CALL_DOES_NOT_EXIST);
    let withdraw = CallCancel { withdraw: true, ..cancel(&[]) };
    let reply = CallAuthority::unknown(&Input::Cancel { by: &alice, request: &withdraw }).unwrap();
    assert!(matches!(reply, Ok(ReplyBody::CallCancel(done)) if done.error_users.is_empty()));
    assert_eq!(CallAuthority::unknown(&Input::Tick), None);
}

#[test]
fn over_long_texts_are_refused_before_anything_happens() {
    let mut authority = create(0, &invite(&["bob"])).0.unwrap();
    let before = authority.clone();
    let (alice, bob, phone) = (user("alice"), user("bob"), device("phone"));
    let long = CallAnswer { extended_data: "é".repeat(1_025), ..answer("") };
    let mut named = cancel(&[]);
    named.invitees = vec![user("bob"); 101];
    let inputs = [
        Input::Accept { by: &bob, device: &phone, request: &long },
        Input::Reject { by: &bob, device: &phone, request: &long },
        Input::Cancel { by: &alice, request: &CallCancel { extended_data: "e".repeat(2_049), ..cancel(&[]) } },
        Input::Cancel { by: &alice, request: &named },
    ];
    for input in inputs {
        let fault = handle(&mut authority, 1, input).reply.unwrap().unwrap_err();
        assert_eq!(fault.code, Code::PARAMS_INVALID);
        assert!(fault.message.contains("at most"), "{fault}");
    }
    assert_eq!(authority, before);
}
