//! `sso_server` on real servers: its links, from the first word of a client to the last.

use super::*;

#[tokio::test]
async fn an_origin_that_browsers_write_otherwise_is_refused_at_the_start() -> Result<()> {
    for (origin, wrong) in
        [("https://vpn.example.org/sso", "it has a path"), ("vpn.example.org:443", "its scheme is")]
    {
        let temporary = TempDir::new()?;
        let mut command =
            command("sso_server", &["--connect", "nowhere", "--origin", origin], &temporary);
        let output = tokio::time::timeout(DEADLINE, command.output()).await??;
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && errors.contains(wrong), "{origin}: {errors}");
    }
    Ok(())
}
