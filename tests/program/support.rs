//! The program as a process of its own, with ports of the kernel's choice.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use portcullis::tls::{ClientConfigs, VerifyServer};
use rustls_pki_types::ServerName;

use crate::PATIENCE;

const PROGRAM: &str = env!("CARGO_BIN_EXE_portcullis");

/// `portcullis run`, ended when dropped.
pub(crate) struct Program {
    process: Child,
    log: Arc<Mutex<String>>,
    addresses: Vec<(&'static str, SocketAddr)>,
}

impl Program {
    /// Starts it without an access log and without rules, unless `arguments` name them, and waits until
    /// it serves. Unoptimised, the built-in rules take longer to compile than is waited.
    pub(crate) fn run(arguments: &[&str]) -> Self {
        Self::start(arguments, Stdio::null())
    }

    /// The same with a standard output of one's own.
    pub(crate) fn start(arguments: &[&str], stdout: Stdio) -> Self {
        let no_log: &[&str] = match arguments.contains(&"--access-log") {
            true => &[],
            false => &["--access-log", "off"],
        };
        let no_rules: &[&str] = match arguments.contains(&"--waf-rules") {
            true => &[],
            false => &["--waf-rules", "off"],
        };
        let any = "127.0.0.1:0";
        let mut process = Command::new(PROGRAM)
            .arg("run")
            .args([
                "--http", any, "--https", any, "--status", any, "--admin", any,
            ])
            .args(["--workers", "2"])
            .args(no_log)
            .args(no_rules)
            .args(arguments)
            .env("NO_COLOR", "1")
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (lines, incoming) = mpsc::channel();
        let log = Arc::new(Mutex::new(String::new()));
        let (kept, stderr) = (Arc::clone(&log), process.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let mut log = kept.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
                // Nobody listens any more once it serves.
                let _ = lines.send(line);
            }
        });
        let mut program = Self {
            process,
            log,
            addresses: Vec::new(),
        };
        let begun = Instant::now();
        while program.addresses.len() < 4 || !program.said("serving a new configuration") {
            assert!(
                begun.elapsed() < PATIENCE,
                "it does not start:\n{}",
                program.log()
            );
            let Ok(line) = incoming.recv_timeout(PATIENCE) else {
                panic!("it ended early:\n{}", program.log())
            };
            program.learn(&line);
        }
        program
    }

    fn learn(&mut self, line: &str) {
        for (mark, with, name) in [
            ("listening", "tls=false", "http"),
            ("listening", "tls=true", "https"),
            ("telling how it is", "", "status"),
        ] {
            if line.contains(mark) && line.contains(with) {
                let known = self.addresses.iter().any(|(known, _)| *known == name);
                let name = if known { "admin" } else { name };
                let address = line.split("address=").nth(1).unwrap();
                let address = address.split_whitespace().next().unwrap();
                self.addresses.push((name, address.parse().unwrap()));
            }
        }
    }

    fn said(&self, words: &str) -> bool {
        self.log.lock().unwrap().contains(words)
    }

    fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    fn address(&self, wanted: &str) -> SocketAddr {
        self.addresses
            .iter()
            .find(|(name, _)| *name == wanted)
            .unwrap()
            .1
    }

    pub(crate) fn http(&self) -> SocketAddr {
        self.address("http")
    }

    pub(crate) fn https(&self) -> SocketAddr {
        self.address("https")
    }

    pub(crate) fn status(&self) -> SocketAddr {
        self.address("status")
    }

    /// The body of `/problems`.
    pub(crate) fn problems(&self) -> String {
        let answer = get(self.address("admin"), "127.0.0.1", "/problems");
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }

    /// Asks again and again until it is so.
    pub(crate) fn wait_until(&self, what: &str, is_so: impl Fn() -> bool) {
        let begun = Instant::now();
        while !is_so() {
            assert!(
                begun.elapsed() < PATIENCE,
                "{what}: not in time\n{}",
                self.log()
            );
            // Another process has to do something, which nothing here can be told of.
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn signal(&self, name: &str) {
        let id = self.process.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Waits for the end.
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        self.process.wait().unwrap().code()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Runs `portcullis check`: exit code, standard output, standard error.
pub(crate) fn check(arguments: &[&str]) -> (i32, String, String) {
    command(&["check"], arguments)
}

/// Runs a command: exit code, standard output, standard error.
pub(crate) fn command(words: &[&str], arguments: &[&str]) -> (i32, String, String) {
    let output = Command::new(PROGRAM)
        .args(words)
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (
        output.status.code().unwrap(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// Sends a request and returns everything that comes until the end.
pub(crate) fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = connect(address);
    // A server that has refused may have closed already; a reset after its answer is an end, too.
    let _ = stream.write_all(request.as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8(answer).unwrap()
}

/// The whole answer to GET.
pub(crate) fn get(address: SocketAddr, host: &str, path: &str) -> String {
    ask(address, &request(host, path))
}

/// The whole answer to GET over TLS, whose certificate is not checked here.
pub(crate) fn https_get(address: SocketAddr, host: &str, path: &str) -> String {
    let config = ClientConfigs::default()
        .config(&VerifyServer::No, b"http/1.1")
        .unwrap();
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let session = rustls::ClientConnection::new(config, name).unwrap();
    let mut stream = rustls::StreamOwned::new(session, connect(address));
    stream.write_all(request(host, path).as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    String::from_utf8(answer).unwrap()
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

fn request(host: &str, path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")
}
