//! What every store must do, as tests over a factory.

macro_rules! suite {
    ($make:ident) => {
        #[tokio::test(start_paused = true)]
        async fn conforms() {
            $crate::store::conformance::versions($make()).await;
        }
    };
}
pub(crate) use suite;

use super::{Store, UserKey};
use zim_protocol::id::UserId;

pub(crate) async fn versions(store: impl Store) {
    let user = UserKey { app: 1, user: UserId::parse("a").unwrap() };
    assert_eq!(store.calls_of(&user).await.unwrap(), []);
}
