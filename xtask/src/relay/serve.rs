//! The relay: what one client sends goes to every other client, unread.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;

use crate::{Outcome, config, runtime};

type Peers = Rc<RefCell<BTreeMap<u64, mpsc::UnboundedSender<Message>>>>;

pub fn run() -> Outcome {
    let local = tokio::task::LocalSet::new();
    local.block_on(&runtime()?, async {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        println!("listening on ws://{}", listener.local_addr()?);
        let peers: Peers = Rc::default();
        for number in 0_u64.. {
            let (stream, _) = listener.accept().await?;
            let peers = Rc::clone(&peers);
            tokio::task::spawn_local(async move {
                if let Err(error) = serve(number, stream, &peers).await {
                    eprintln!("client {number}: {error}");
                }
                peers.borrow_mut().remove(&number);
            });
        }
        Ok(())
    })
}

async fn serve(number: u64, stream: TcpStream, peers: &Peers) -> Outcome {
    stream.set_nodelay(true)?;
    let mut socket = tokio_tungstenite::accept_async_with_config(stream, Some(config())).await?;
    let (sender, mut inbox) = mpsc::unbounded_channel();
    peers.borrow_mut().insert(number, sender);
    loop {
        tokio::select! {
            frame = socket.next() => match frame {
                Some(Ok(message @ Message::Text(_))) => {
                    for (_, peer) in peers.borrow().iter().filter(|(other, _)| **other != number) {
                        // A peer that is going away takes no more.
                        let _ = peer.send(message.clone());
                    }
                }
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Ok(()),
            },
            Some(message) = inbox.recv() => socket.send(message).await?,
        }
    }
}
