use std::collections::VecDeque;

use zim_protocol::call::{CallEvent, CallInfo, CallState};
use zim_protocol::id::CallId;

use super::client::{ClientSession, Output, SessionEvent};
use super::inbound::{Held, What};
use crate::Millis;
use crate::call::{CallView, FirstWord, HostEvent, ViewInput};

impl ClientSession {
    /// An event of a call that arrived at `at`; `behind` is what has arrived since.
    pub(super) fn happened(
        &mut self,
        now: Millis,
        at: Millis,
        event: CallEvent,
        behind: &VecDeque<Held>,
        outputs: &mut Vec<Output>,
    ) {
        if self.withdrawn.contains(event.call_id()) {
            return;
        }
        let (first, info) = match event {
            CallEvent::CallChanged(change) => {
                let call = change.call_id.clone();
                return self.tell_view(now, &call, ViewInput::Changed(change), outputs);
            }
            CallEvent::CallInvited(info) => (FirstWord::Invited, info),
            CallEvent::CallCreated { call, by_this_device } => (FirstWord::Created { by_this_device }, call),
        };
        match self.views.get(&info.call_id) {
            Some(view) if info.rev <= view.rev() => {}
            Some(_) => {
                let (call, info) = (info.call_id.clone(), aged(info, now, at));
                self.tell_view(now, &call, ViewInput::Snapshot(info), outputs);
            }
            None => self.begin(now, first, aged(info, now, at), behind, outputs),
        }
    }

    pub(super) fn seen_in_snapshot(
        &mut self,
        now: Millis,
        at: Millis,
        info: CallInfo,
        behind: &VecDeque<Held>,
        outputs: &mut Vec<Output>,
    ) {
        if self.withdrawn.contains(&info.call_id) {
            return;
        }
        let (call, info) = (info.call_id.clone(), aged(info, now, at));
        match self.views.get(&call).is_some() {
            true => self.tell_view(now, &call, ViewInput::Snapshot(info), outputs),
            false => self.begin(now, FirstWord::Snapshot, info, behind, outputs),
        }
    }

    /// The server has forgotten the call.
    pub(super) fn lost(&mut self, now: Millis, call: &CallId, outputs: &mut Vec<Output>) {
        self.tell_view(now, call, ViewInput::Lost, outputs);
    }

    pub(super) fn tell_view(&mut self, now: Millis, call: &CallId, input: ViewInput, outputs: &mut Vec<Output>) {
        let Some(view) = self.views.get_mut(call) else { return };
        let mut events = Vec::new();
        view.handle(now, input, &mut events);
        if view.is_over() {
            self.views.remove(call);
        }
        self.emit_calls(events, outputs);
    }

    /// Rings whose time has run out.
    pub(super) fn end_rings(&mut self, now: Millis, outputs: &mut Vec<Output>) {
        let mut events = Vec::new();
        for view in self.views.values_mut() {
            view.handle(now, ViewInput::Tick, &mut events);
        }
        self.emit_calls(events, outputs);
    }

    /// The session is over: nothing rings without one.
    pub(super) fn drop_rings(&mut self, now: Millis, outputs: &mut Vec<Output>) {
        let mut events = Vec::new();
        for mut view in std::mem::take(&mut self.views).into_values() {
            view.handle(now, ViewInput::SessionEnded, &mut events);
        }
        self.emit_calls(events, outputs);
    }

    /// A call that was not known. What follows is looked at first: a device does not begin to ring for an invitation
    /// that has been answered, or is over, by the end of what is known.
    fn begin(
        &mut self,
        now: Millis,
        first: FirstWord,
        info: CallInfo,
        behind: &VecDeque<Held>,
        outputs: &mut Vec<Output>,
    ) {
        let Some(me) = self.phase.credentials().map(|credentials| credentials.user_id.clone()) else { return };
        let last = at_last(&info, behind);
        let rings = |info: &CallInfo| info.users.iter().any(|row| row.user_id == me && row.state.is_pending());
        let info = match rings(&info) && !rings(&last) {
            true => last,
            false => info,
        };
        let (call, mut events) = (info.call_id.clone(), Vec::new());
        let view = CallView::first(now, &me, first, info, &mut events);
        if let Some(view) = view.filter(|view| !view.is_over()) {
            self.views.insert(call, Box::new(view));
        }
        self.emit_calls(events, outputs);
    }

    fn emit_calls(&mut self, events: Vec<HostEvent>, outputs: &mut Vec<Output>) {
        for event in events {
            self.emit(SessionEvent::Call(event), outputs);
        }
    }
}

/// The time left, of what arrived at `at`.
fn aged(mut info: CallInfo, now: Millis, at: Millis) -> CallInfo {
    info.remaining_ms = info.remaining_ms.saturating_sub(now.saturating_sub(at));
    info
}

/// The call as it is after everything in `behind`.
fn at_last(info: &CallInfo, behind: &VecDeque<Held>) -> CallInfo {
    let mut last = info.clone();
    for held in behind {
        let change = match &held.what {
            What::Event { event: CallEvent::CallChanged(change), .. } if change.call_id == last.call_id => change,
            What::Event { .. } | What::Snapshot(_) | What::Passed { .. } => continue,
        };
        if change.rev <= last.rev {
            continue;
        }
        last.rev = change.rev;
        if change.ended {
            last.state = CallState::Ended;
        }
        for row in &change.users {
            match last.users.iter_mut().find(|known| known.user_id == row.user_id) {
                Some(known) => known.clone_from(row),
                None => last.users.push(row.clone()),
            }
        }
    }
    last
}
