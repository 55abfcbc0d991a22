//! A door in front of one server that can fall silent: it takes connections and bytes, passes nothing on and closes
//! nothing, as a host that vanished does.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};

/// A running front; dropping closes it with its connections.
pub struct Front {
    port: u16,
    shared: Arc<Shared>,
    _open: oneshot::Sender<()>,
}

struct Shared {
    /// New connections are silent from their beginning.
    silent: AtomicBool,
    /// How often silence fell: connections from before it stay silent for ever.
    falls: watch::Sender<u64>,
    taken: AtomicUsize,
}

impl Front {
    pub fn start(server: u16) -> Front {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("front");
        listener.set_nonblocking(true).expect("front");
        let port = listener.local_addr().expect("front").port();
        let shared =
            Arc::new(Shared { silent: false.into(), falls: watch::channel(0).0, taken: AtomicUsize::new(0) });
        let (open, closed) = oneshot::channel();
        let own = shared.clone();
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).expect("front");
                tokio::select! { () = serve(listener, server, own) => {} _ = closed => {} }
            });
        });
        Front { port, shared, _open: open }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// From now on nothing passes, on old connections and on new ones.
    pub fn fall_silent(&self) {
        self.shared.silent.store(true, Ordering::SeqCst);
        self.shared.falls.send_modify(|falls| *falls += 1);
    }

    /// New connections lead to the server again; those from before stay silent.
    pub fn let_new_ones_through(&self) {
        self.shared.silent.store(false, Ordering::SeqCst);
    }

    /// How many connections were taken so far.
    pub fn taken(&self) -> usize {
        self.shared.taken.load(Ordering::SeqCst)
    }
}

async fn serve(listener: TcpListener, server: u16, shared: Arc<Shared>) {
    loop {
        let Ok((caller, _)) = listener.accept().await else { continue };
        shared.taken.fetch_add(1, Ordering::SeqCst);
        tokio::spawn(pass(caller, server, shared.clone()));
    }
}

async fn pass(mut caller: TcpStream, server: u16, shared: Arc<Shared>) {
    let mut falls = shared.falls.subscribe();
    if shared.silent.load(Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
    let Ok(mut inside) = TcpStream::connect(("127.0.0.1", server)).await else { return };
    let _ = (caller.set_nodelay(true), inside.set_nodelay(true));
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut caller, &mut inside) => {}
        Ok(()) = falls.changed() => std::future::pending::<()>().await,
    }
}
