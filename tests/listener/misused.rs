//! What a program does to a listener that it should not, or may.

use openvpn_mgmt::Listener;

/// Whoever drops a listener can listen there again, without a wait between.
#[tokio::test]
async fn what_is_dropped_is_free_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("in.sock");
    for _ in 0..3 {
        let listener = Listener::bind(&path).await.unwrap();
        drop(listener);
        assert!(!path.exists());
    }
    let listener = Listener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = listener.endpoint().clone();
    drop(listener);
    let again = Listener::bind(endpoint.clone()).await.unwrap();
    assert_eq!(again.endpoint(), &endpoint);
}
