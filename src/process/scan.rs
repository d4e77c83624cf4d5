//! [`Scan`]: which directives of a configuration do not go with a daemon that is managed from here.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{Mode, OFlags};
use zeroize::Zeroizing;

use super::conflict::{Conflict, Place};
use super::error::StartError;
use super::lines::Lines;
use super::rules::{Rule, name, rule, unwrapped};
use crate::command::lex;
use crate::types::WipedBytes;

/// How deep configurations include others; a daemon refuses more.
const LEVELS: usize = 10;
/// How many bytes are read, of all files together.
const LIMIT: usize = 16 * 1024 * 1024;
/// How many directives that do not go with it are told of.
const CONFLICTS: usize = 256;

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

    /// The error of a configuration that is not looked at to its end.
    fn error(self, why: &'static str) -> StartError {
        let path = match self {
            Self::File(path) => path.to_owned(),
            Self::Text => PathBuf::from("(in memory)"),
        };
        let reason = io::Error::new(io::ErrorKind::InvalidInput, why);
        StartError::Config { path, reason: Arc::new(reason) }
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

    /// Goes where a directive of the command line goes, behind the configuration.
    pub(super) fn command_line(&mut self, words: &[&[u8]]) -> Result<(), StartError> {
        self.follow(words, 0)
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
        let file = open(path)?;
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
        if memchr::memchr(0, text).is_some() {
            return Err(source.error("it holds a NUL, behind which daemons read something else"));
        }
        let mut lines = Lines::new(text);
        while let Some((number, line)) = lines.next() {
            let lexed = lex(line);
            // One that cannot be read ends the daemon, with words of its own.
            if lexed.problem.is_some() {
                continue;
            }
            let mut words: Vec<&[u8]> = lexed.parameters.iter().map(|word| &***word).collect();
            if let Some(name) = words.first_mut() {
                *name = without_dashes(name);
            }
            if let Some(end) = inline_end(&words) {
                lines.pass_over(&end);
            }
            self.directive(&words, source, number)?;
            self.follow(&words, level)?;
        }
        Ok(())
    }

    /// Goes where a directive goes: into another folder, or another file.
    fn follow(&mut self, words: &[&[u8]], level: usize) -> Result<(), StartError> {
        match unwrapped(words) {
            [b"cd", folder] => self.folder = self.folder.join(as_path(folder)),
            [b"config", file] if level < LEVELS => return self.file_at(as_path(file), level + 1),
            _ => {}
        }
        Ok(())
    }

    fn directive(
        &mut self,
        words: &[&[u8]],
        source: Source<'_>,
        line: usize,
    ) -> Result<(), StartError> {
        let Some(rule) = rule(words, self.listens) else { return Ok(()) };
        if self.refused.len() + self.overridden.len() == CONFLICTS {
            return Err(
                source.error("over 256 of its directives do not go with being managed from here")
            );
        }
        let (found, why) = match rule {
            Rule::Refused(why) => (&mut self.refused, why),
            Rule::Overridden(why) => (&mut self.overridden, why),
        };
        let name = String::from_utf8_lossy(name(words)).into_owned();
        found.push(Conflict::new(name, source.place(line), why));
        Ok(())
    }
}

/// Opens a file that a daemon could read again when it restarts, without waiting for one.
fn open(path: &Path) -> io::Result<File> {
    // A device may take it amiss that it is opened, and a pipe waits for a writer.
    require_file(&std::fs::metadata(path)?)?;
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    require_file(&file.metadata()?)?;
    Ok(file)
}

fn require_file(metadata: &std::fs::Metadata) -> io::Result<()> {
    if metadata.is_file() {
        return Ok(());
    }
    let why = "it is no regular file, which a daemon could read again when it restarts";
    Err(io::Error::new(io::ErrorKind::InvalidInput, why))
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
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, 0o600.into()).unwrap();
        let error = scan.file(&pipe).unwrap_err();
        assert!(error.to_string().contains("no regular file"), "{error}");
        assert!(Scan::new(PathBuf::from("/"), false, true).file(missing).is_ok());
    }

    /// All of them were read by OpenVPN 2.5.1, 2.6.14 and 2.7.8.
    #[test]
    fn directives_that_hide_are_found() {
        for text in [
            format!("<ca>\n{}</ca>\ndaemon\n", "x".repeat(255)),
            format!("<ca>\n</ca>{}daemon\n", "x".repeat(250)),
            "<ca>\n\u{b}</ca>\ndaemon\n".to_owned(),
            "--<ca>\n</ca>\n'daemon'\n".to_owned(),
        ] {
            assert_eq!(refused(&text).len(), 1, "{text}");
        }
        for text in ["daemon\0x", "verb 3\0", "<ca>\n\0</ca>\n</ca>"] {
            let error = Scan::new("/".into(), false, true).text(text.as_bytes()).unwrap_err();
            assert!(error.to_string().contains("(in memory)"), "{error}");
            assert!(error.to_string().contains("NUL"), "{error}");
        }
        assert!(refused("setenv opt --daemon\ndaemon \"x\n").is_empty());
    }

    /// Beside each lies another, which is not the one that the daemon reads.
    #[test]
    fn files_are_included_by_the_very_names_that_a_daemon_reads() {
        for (line, name, other) in [
            ("setenv opt config x", "x", "y"),
            ("config --x", "--x", "x"),
            ("config \"a\tb\"", "a\tb", "a b"),
            ("config x\\", "x\n", "x"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            std::fs::write(folder.path().join(name), "daemon\n").unwrap();
            std::fs::write(folder.path().join(other), "verb 3\n").unwrap();
            let mut scan = Scan::new(folder.path().to_owned(), false, false);
            scan.text(format!("{line}\n").as_bytes()).unwrap();
            assert_eq!(scan.refused.len(), 1, "{line}");
        }
    }

    #[test]
    fn the_command_line_goes_on_where_the_configuration_has_gone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("a/b")).unwrap();
        std::fs::write(folder.path().join("a/b/x"), "daemon\n").unwrap();
        let mut scan = Scan::new(folder.path().to_owned(), false, false);
        scan.text(b"cd a\n").unwrap();
        scan.command_line(&[b"cd", b"b"]).unwrap();
        scan.command_line(&[b"config", b"x"]).unwrap();
        assert_eq!(scan.refused.len(), 1);
    }

    #[test]
    fn what_is_told_is_bounded() {
        let mut scan = Scan::new("/".into(), false, false);
        let error = scan.text("log x\n".repeat(CONFLICTS + 1).as_bytes()).unwrap_err();
        assert!(error.to_string().contains("over 256"), "{error}");
        assert!(error.is_permanent());
    }
}
