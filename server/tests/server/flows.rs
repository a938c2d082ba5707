//! The life of General calls: who is told what, in which order.

use crate::client::{Client, TestServer};

#[tokio::test]
async fn an_accepted_call() {
    let server = TestServer::dev().await;
    let mut alice = Client::login(&server, "alice").await;
    let mut bob = Client::login(&server, "bob").await;
    alice.invite("c1", &["bob"]).await.unwrap();
    assert_eq!(alice.told(1).await, ["created c1 here: alice Accepted, bob Inviting"]);
    assert_eq!(bob.told(1).await, ["invited c1 by alice \"hello\": alice Accepted, bob Inviting"]);
    bob.accept("c1").await.unwrap();
    assert_eq!(bob.told(1).await, ["accepted c1 by bob \"yes\": bob Accepted, ended"]);
    assert_eq!(alice.told(1).await, ["accepted c1 by bob \"yes\": bob Accepted, ended"]);
    server.stop().await;
}
