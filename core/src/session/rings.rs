use zim_protocol::call::{CallEvent, CallInfo, CallState};
use zim_protocol::id::CallId;
use zim_protocol::session::Credentials;

use super::client::{ClientSession, Output, SessionEvent};
use super::inbound::{Held, What};
use crate::Millis;
use crate::call::{CallView, FirstWord, HostEvent, ViewInput};
use crate::table::Table;

impl ClientSession {
    /// An event of a call that arrived at `at`; `behind` is what has arrived since.
    pub(super) fn happened(
        &mut self,
        now: Millis,
        at: Millis,
        event: CallEvent,
        behind: &[Held],
        outputs: &mut Vec<Output>,
    ) {
        let (first, info) = match event {
            CallEvent::CallChanged(change) => {
                let call = change.call_id.clone();
                if !self.withdrawn.contains(&call) {
                    self.tell_view(now, &call, ViewInput::Changed(change), outputs);
                }
                return;
            }
            CallEvent::CallInvited(info) => (FirstWord::Invited, info),
            CallEvent::CallCreated { call, by_this_device } => (FirstWord::Created { by_this_device }, call),
        };
        self.learned(now, at, first, info, behind, outputs);
    }

    /// A whole call, as it was when it arrived at `at`.
    pub(super) fn learned(
        &mut self,
        now: Millis,
        at: Millis,
        first: FirstWord,
        mut info: CallInfo,
        behind: &[Held],
        outputs: &mut Vec<Output>,
    ) {
        if self.withdrawn.contains(&info.call_id) {
            return;
        }
        info.remaining_ms = info.remaining_ms.saturating_sub(now.saturating_sub(at));
        let known = self.views.get(&info.call_id).map(|view| view.rev());
        let is_old = match first {
            FirstWord::Invited | FirstWord::Created { .. } => known.is_some_and(|rev| info.rev <= rev),
            FirstWord::Snapshot => false,
        };
        match known {
            None => self.begin(now, first, info, behind, outputs),
            Some(_) if is_old => {}
            Some(_) => self.tell_view(now, &info.call_id.clone(), ViewInput::Snapshot(info), outputs),
        }
    }

    /// The server has forgotten the call.
    pub(super) fn lost(&mut self, now: Millis, call: &CallId, outputs: &mut Vec<Output>) {
        self.tell_view(now, call, ViewInput::Lost, outputs);
    }

    pub(super) fn tell_view(&mut self, now: Millis, call: &CallId, input: ViewInput, outputs: &mut Vec<Output>) {
        let Some(view) = self.views.get_mut(call) else { return };
        let mut events = Vec::new();
        let before = view.next_deadline();
        view.handle(now, input, &mut events);
        let mut changed = before != view.next_deadline();
        if view.is_over() {
            changed = before.is_some();
            self.views.remove(call);
        }
        if changed {
            self.find_next_ring();
        }
        self.emit_calls(events, outputs);
    }

    /// Rings whose time has run out.
    pub(super) fn end_rings(&mut self, now: Millis, outputs: &mut Vec<Output>) {
        if self.next_ring.is_none_or(|at| now < at) {
            return;
        }
        let mut events = Vec::new();
        for view in self.views.values_mut() {
            view.handle(now, ViewInput::Tick, &mut events);
        }
        self.find_next_ring();
        self.emit_calls(events, outputs);
    }

    /// The session is over: nothing rings without one.
    pub(super) fn drop_rings(&mut self, now: Millis, outputs: &mut Vec<Output>) {
        let mut events = Vec::new();
        for view in self.views.values_mut() {
            view.handle(now, ViewInput::SessionEnded, &mut events);
        }
        self.forget_views();
        self.emit_calls(events, outputs);
    }

    /// Without a word to the host.
    pub(super) fn forget_views(&mut self) {
        self.views = Table::default();
        self.next_ring = None;
    }

    /// To be done when a ring has begun or ended, or may end at another time: all views are asked.
    pub(super) fn find_next_ring(&mut self) {
        self.next_ring = self.views.values().iter().filter_map(|view| view.next_deadline()).min();
    }

    /// A call that was not known. What follows is looked at first: a device does not begin to ring for an invitation
    /// that has been answered, or is over, by the end of what is known.
    fn begin(&mut self, now: Millis, first: FirstWord, mut info: CallInfo, behind: &[Held], outputs: &mut Vec<Output>) {
        let Some(Credentials { user_id: me, .. }) = self.phase.credentials() else { return };
        let rings = |info: &CallInfo| info.users.iter().any(|row| row.user_id == *me && row.state.is_pending());
        if rings(&info) {
            let last = at_last(&info, behind);
            if !rings(&last) {
                info = last;
            }
        }
        let (call, mut events) = (info.call_id.clone(), Vec::new());
        let view = CallView::first(now, me, first, info, &mut events);
        if let Some(view) = view.filter(|view| !view.is_over()) {
            let until = view.next_deadline();
            self.views.insert(call, Box::new(view));
            self.next_ring = self.next_ring.into_iter().chain(until).min();
        }
        self.emit_calls(events, outputs);
    }

    fn emit_calls(&mut self, events: Vec<HostEvent>, outputs: &mut Vec<Output>) {
        for event in events {
            self.emit(SessionEvent::Call(event), outputs);
        }
    }
}

/// The call as it is after everything in `behind`.
fn at_last(info: &CallInfo, behind: &[Held]) -> CallInfo {
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
            let row = row.clone();
            match last.users.iter_mut().find(|known| known.user_id == row.user_id) {
                Some(known) => *known = row,
                None => last.users.push(row),
            }
        }
    }
    last
}
