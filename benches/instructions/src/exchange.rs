//! A command and its reply, with both ends in one thread and nothing of the kernel between.

use openvpn_mgmt::{Builder, Client};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::runtime::Runtime;

const GREETING: &[u8] =
    b">INFO:OpenVPN Management Interface Version 5 -- type 'help' for more info\r\n";

pub(crate) struct Exchange {
    runtime: Runtime,
    client: Client,
}

impl Exchange {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let client = runtime.block_on(async {
            let (ours, daemon) = duplex(4096);
            tokio::spawn(answer(daemon));
            Builder::new().requests(false).attach(ours).await.unwrap().split().0
        });
        Self { runtime, client }
    }

    pub(crate) fn trips(&mut self, count: usize) {
        self.runtime.block_on(async {
            for _ in 0..count {
                self.client.pid().await.unwrap();
            }
        });
    }
}

/// One command at a time comes, so any read is one.
async fn answer(mut stream: DuplexStream) {
    let mut buffer = [0; 64];
    stream.write_all(GREETING).await.unwrap();
    while let Ok(1..) = stream.read(&mut buffer).await {
        stream.write_all(b"SUCCESS: pid=3528\r\n").await.unwrap();
    }
}
