//! One address in front of several gateways, as a cluster has it: each new connection goes to the next one that answers.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

/// A running door; dropping closes it with its connections.
pub struct Door {
    port: u16,
    _open: oneshot::Sender<()>,
}

impl Door {
    pub fn start(gateways: Vec<u16>) -> Door {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("door");
        listener.set_nonblocking(true).expect("door");
        let port = listener.local_addr().expect("door").port();
        let (open, closed) = oneshot::channel();
        // tests come and go with runtimes of their own
        std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("runtime");
            runtime.block_on(async {
                let listener = TcpListener::from_std(listener).expect("door");
                tokio::select! { () = serve(listener, gateways.into()) => {} _ = closed => {} }
            });
        });
        Door { port, _open: open }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

async fn serve(listener: TcpListener, gateways: Arc<[u16]>) {
    let next = Arc::new(AtomicUsize::new(0));
    loop {
        let Ok((caller, _)) = listener.accept().await else { continue };
        let (gateways, next) = (gateways.clone(), next.clone());
        tokio::spawn(async move {
            // a caller whose connection ends finds out itself
            let _ = pass(caller, &gateways, next.fetch_add(1, Ordering::Relaxed)).await;
        });
    }
}

async fn pass(mut caller: TcpStream, gateways: &[u16], first: usize) -> io::Result<()> {
    caller.set_nodelay(true)?;
    for step in 0..gateways.len() {
        let port = gateways[(first + step) % gateways.len()];
        if let Ok(mut gateway) = TcpStream::connect(("127.0.0.1", port)).await {
            gateway.set_nodelay(true)?;
            tokio::io::copy_bidirectional(&mut caller, &mut gateway).await?;
            return Ok(());
        }
    }
    Ok(())
}
