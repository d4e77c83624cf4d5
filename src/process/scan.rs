//! [`Scan`]: which directives of a configuration do not go with a daemon that is managed from here.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use zeroize::Zeroizing;

use super::conflict::{Conflict, Place};
use super::error::StartError;
use super::rules::{Rule, name, rule};
use crate::command::lex;
use crate::types::WipedBytes;

/// How deep configurations include others; a daemon refuses more.
const LEVELS: usize = 10;
/// How many bytes are read, of all files together.
const LIMIT: usize = 16 * 1024 * 1024;

/// What was found in a configuration and all that it includes.
pub(super) struct Scan {
    listens: bool,
    /// Files that only the daemon can read are left to it.
    may_be_unreadable: bool,
    /// What relative paths are relative to; `cd` changes it.
    folder: PathBuf,
    left: usize,
    pub(super) refused: Vec<Conflict>,
    pub(super) overridden: Vec<Conflict>,
}

/// Where a line stands.
#[derive(Clone, Copy)]
enum Source<'a> {
    File(&'a Path),
    Text,
}

impl Source<'_> {
    fn place(self, line: usize) -> Place {
        match self {
            Self::File(path) => Place::File { path: path.to_owned(), line },
            Self::Text => Place::Text { line },
        }
    }
}

impl Scan {
    pub(super) fn new(folder: PathBuf, listens: bool, may_be_unreadable: bool) -> Self {
        let (refused, overridden) = (Vec::new(), Vec::new());
        Self { listens, may_be_unreadable, folder, left: LIMIT, refused, overridden }
    }

    /// Reads a configuration, and those that it includes.
    pub(super) fn file(&mut self, path: &Path) -> Result<(), StartError> {
        self.file_at(path, 1)
    }

    /// Reads one that is in memory.
    pub(super) fn text(&mut self, text: &[u8]) -> Result<(), StartError> {
        self.lines(text, Source::Text, 1)
    }

    fn file_at(&mut self, path: &Path, level: usize) -> Result<(), StartError> {
        let path = self.folder.join(path);
        match self.read(&path) {
            Ok(bytes) => self.lines(bytes.as_slice(), Source::File(&path), level),
            Err(error) if self.may_be_unreadable && is_out_of_reach(&error) => {
                tracing::warn!(path = %path.display(), %error, "the configuration was not looked at");
                Ok(())
            }
            Err(error) => Err(StartError::Config { path, reason: Arc::new(error) }),
        }
    }

    fn read(&mut self, path: &Path) -> io::Result<WipedBytes> {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            let why = "it is no regular file, which a daemon could read again when it restarts";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, why));
        }
        let (mut bytes, mut file) = (WipedBytes::default(), file);
        let mut chunk = Zeroizing::new([0; 8192]);
        loop {
            let read = match file.read(&mut *chunk) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if read == 0 {
                return Ok(bytes);
            }
            self.left = self.left.checked_sub(read).ok_or_else(|| {
                io::Error::new(io::ErrorKind::InvalidData, "it is larger than 16 MiB")
            })?;
            bytes.extend(chunk.get(..read).unwrap_or_default(), LIMIT);
        }
    }

    fn lines(&mut self, text: &[u8], source: Source<'_>, level: usize) -> Result<(), StartError> {
        let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
        let mut end_of_inline: Option<Vec<u8>> = None;
        for (number, line) in text.split(|&byte| byte == b'\n').enumerate() {
            if let Some(end) = &end_of_inline {
                if line.trim_ascii_start().starts_with(end) {
                    end_of_inline = None;
                }
                continue;
            }
            let words = lex(&with_blanks(line)).parameters;
            let words: Vec<&[u8]> = words.iter().map(|word| without_dashes(word)).collect();
            end_of_inline = inline_end(&words);
            self.directive(&words, source.place(number + 1), level)?;
        }
        Ok(())
    }

    fn directive(&mut self, words: &[&[u8]], place: Place, level: usize) -> Result<(), StartError> {
        match words {
            [b"cd", folder] => self.folder = self.folder.join(as_path(folder)),
            [b"config", file] if level < LEVELS => return self.file_at(as_path(file), level + 1),
            _ => {}
        }
        let Some(rule) = rule(words, self.listens) else { return Ok(()) };
        let (found, why) = match rule {
            Rule::Refused(why) => (&mut self.refused, why),
            Rule::Overridden(why) => (&mut self.overridden, why),
        };
        found.push(Conflict::new(String::from_utf8_lossy(name(words)).into_owned(), place, why));
        Ok(())
    }
}

/// Every kind of blank ends a word of a configuration, also the CR of a line that was written on Windows.
fn with_blanks(line: &[u8]) -> Zeroizing<Vec<u8>> {
    let blank = |byte: &u8| if byte.is_ascii_whitespace() || *byte == 0x0b { b' ' } else { *byte };
    Zeroizing::new(line.iter().map(blank).collect())
}

/// What ends the inline file that a line begins: `</ca>` behind `<ca>`.
fn inline_end(words: &[&[u8]]) -> Option<Vec<u8>> {
    let [word] = words else { return None };
    let name = word.strip_prefix(b"<")?.strip_suffix(b">")?;
    Some([b"</", name, b">"].concat())
}

fn without_dashes(word: &[u8]) -> &[u8] {
    word.strip_prefix(b"--").filter(|name| !name.is_empty()).unwrap_or(word)
}

fn as_path(word: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(word))
}

/// Of another user, or of another system's files, as that of a container.
fn is_out_of_reach(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scan(text: &str) -> Scan {
        let mut scan = Scan::new(PathBuf::from("/"), false, false);
        scan.text(text.as_bytes()).unwrap();
        scan
    }

    fn refused(text: &str) -> Vec<String> {
        scan(text).refused.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_refused_is_told_with_its_line() {
        let found = refused("client\nremote vpn.example\n--daemon  # as a service\r\nverb 3\n");
        let [one] = found.as_slice() else { panic!("{found:?}") };
        assert!(one.starts_with("`daemon` (line 3 of the configuration) puts"), "{one}");
        assert_eq!(refused("\u{feff}\tdaemon\tx").len(), 1);
        assert_eq!(refused("setenv opt daemon\n\"daemon\"\nda\\emon\n").len(), 2);
    }

    #[test]
    fn comments_inline_files_and_parameters_are_none() {
        for text in [
            "# daemon",
            "; daemon",
            "verb 3 # daemon",
            "<ca>\ndaemon\nlog x\n</ca>",
            "<connection>\ndaemon\n  </connection> x\nverb 3",
            "setenv daemon 1",
            "",
        ] {
            assert!(refused(text).is_empty(), "{text}");
        }
        assert_eq!(refused("<ca>\ndaemon\n</ca>\ndaemon").len(), 1);
        assert_eq!(refused("<ca> x\ndaemon").len(), 1);
    }

    #[test]
    fn what_the_command_line_undoes_is_told_apart() {
        let scan = scan("log /var/log/x\nmanagement /run/x.sock unix\nsyslog\n");
        assert!(scan.refused.is_empty());
        let names: Vec<&str> = scan.overridden.iter().map(|one| one.directive.as_str()).collect();
        assert_eq!(names, ["log", "management", "syslog"]);
    }

    #[test]
    fn included_files_are_read_where_the_daemon_finds_them() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("more")).unwrap();
        let write =
            |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write("top.conf", "config first.conf\ncd more\nconfig second.conf\n");
        write("first.conf", "verb 3\n\ndaemon\n");
        write("more/second.conf", "inetd\nconfig second.conf\n");
        let mut scan = Scan::new(folder.path().to_owned(), false, false);
        scan.file(Path::new("top.conf")).unwrap();
        let place = |path: &str, line| Place::File { path: folder.path().join(path), line };
        assert_eq!(scan.refused.first().unwrap().place, place("first.conf", 3));
        // One that includes itself is read as often as a daemon would.
        assert_eq!(scan.refused.len(), 1 + (LEVELS - 1));
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error_unless_only_the_daemon_can() {
        let missing = Path::new("/nonexistent/x.conf");
        let mut scan = Scan::new(PathBuf::from("/"), false, false);
        let error = scan.file(missing).unwrap_err();
        assert!(error.to_string().contains("/nonexistent/x.conf"), "{error}");
        let error = scan.file(Path::new("/dev/zero")).unwrap_err();
        assert!(error.to_string().contains("no regular file"), "{error}");
        assert!(Scan::new(PathBuf::from("/"), false, true).file(missing).is_ok());
    }
}
