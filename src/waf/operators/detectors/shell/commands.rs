//! The commands that are known.

/// What a name is when no shell is near.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing else.
    Tool,
    /// A word, an abbreviation or the name of a product.
    Word,
    /// A word whose argument is a number.
    Count,
    /// A word that stands alone when somebody tries whether commands run.
    Probe,
    /// What developers type all day, and write of: it counts where something else ends before it.
    Build,
}

/// What runs the command that follows it.
pub(super) const PREFIXES: [&str; 14] = [
    "builtin", "busybox", "command", "do", "doas", "else", "env", "eval", "exec", "nohup", "sudo",
    "then", "time", "xargs",
];

/// Folders of programs.
pub(super) const FOLDERS: [&str; 8] = [
    "/bin/",
    "/sbin/",
    "/usr/bin/",
    "/usr/sbin/",
    "/usr/local/bin/",
    "usr/bin/",
    "usr/sbin/",
    "\\windows\\system32\\",
];

const TOOLS: &[&str] = &[
    "arp",
    "awk",
    "base32",
    "base64",
    "bash",
    "bitsadmin",
    "bunzip2",
    "busybox",
    "bzcat",
    "certutil",
    "chattr",
    "chgrp",
    "chmod",
    "chown",
    "chroot",
    "cmd",
    "crontab",
    "cscript",
    "csh",
    "curl",
    "dmesg",
    "dnsdomainname",
    "dpkg",
    "dscl",
    "egrep",
    "fdisk",
    "fgrep",
    "findstr",
    "fping",
    "gawk",
    "getcap",
    "getent",
    "grep",
    "gunzip",
    "gzip",
    "hexdump",
    "hostnamectl",
    "icacls",
    "ifconfig",
    "insmod",
    "ipconfig",
    "iptables",
    "ksh",
    "lastlog",
    "ldconfig",
    "logname",
    "ls",
    "lsattr",
    "lsb_release",
    "lsblk",
    "lscpu",
    "lsmod",
    "lsof",
    "lspci",
    "lua",
    "lwp-download",
    "md5sum",
    "mkdir",
    "mkfifo",
    "mknod",
    "mshta",
    "msiexec",
    "mysqldump",
    "nawk",
    "nbtstat",
    "ncat",
    "net1",
    "netcat",
    "netsh",
    "netstat",
    "nmap",
    "nslookup",
    "openssl",
    "pgrep",
    "pkexec",
    "pkill",
    "powershell",
    "printenv",
    "printf",
    "psql",
    "pwd",
    "pwsh",
    "qwinsta",
    "readelf",
    "readlink",
    "regedit",
    "regsvr32",
    "rev",
    "rmdir",
    "rsync",
    "rundll32",
    "schtasks",
    "scp",
    "sdelete",
    "sed",
    "setfacl",
    "setsid",
    "sftp",
    "sha1sum",
    "sha256sum",
    "showmount",
    "socat",
    "strace",
    "stty",
    "sysctl",
    "systemctl",
    "systeminfo",
    "tac",
    "taskkill",
    "tasklist",
    "tcpdump",
    "tcsh",
    "telnet",
    "tftp",
    "traceroute",
    "tracert",
    "ufw",
    "uname",
    "uniq",
    "unzip",
    "uptime",
    "useradd",
    "userdel",
    "usermod",
    "vmstat",
    "wevtutil",
    "wget",
    "whereis",
    "whoami",
    "wmic",
    "wscript",
    "xterm",
    "xxd",
    "zcat",
];

const WORDS: &[&str] = &[
    "apk", "apt", "apt-get", "arch", "at", "attrib", "basename", "bc", "cat", "cd", "copy", "cp",
    "cpio", "cut", "dash", "date", "dd", "del", "dig", "dirname", "du", "echo", "ed", "emacs",
    "env", "erase", "ex", "expand", "export", "false", "fd", "fetch", "file", "find", "finger",
    "fish", "fold", "free", "ftp", "gdb", "groups", "head", "host", "hostname", "info", "install",
    "ip", "jobs", "join", "last", "less", "link", "ln", "locate", "look", "lp", "lynx", "mail",
    "man", "more", "mount", "move", "mv", "mysql", "nano", "nc", "net", "nice", "nl", "od",
    "passwd", "paste", "perl", "php", "pr", "python", "python2", "python3", "rd", "read", "reboot",
    "reg", "ren", "rename", "rm", "ruby", "sc", "screen", "script", "service", "set", "sh",
    "shutdown", "sort", "source", "split", "ssh", "start", "stat", "strings", "su", "sudo", "tail",
    "tar", "tee", "test", "top", "touch", "tr", "tree", "true", "type", "uniq", "unlink", "users",
    "vi", "view", "vim", "wall", "watch", "wc", "where", "which", "who", "write", "yes", "zip",
    "zsh",
];

const BUILDS: &[&str] = &[
    "cvs", "gcc", "git", "go", "java", "make", "node", "npm", "pip",
];

/// Commands that another's output is sent through.
const FILTERS: &[&str] = &[
    "awk", "cut", "egrep", "fgrep", "fold", "gawk", "grep", "head", "less", "more", "nl", "paste",
    "rev", "sed", "sort", "tac", "tail", "tee", "tr", "uniq", "wc",
];

/// Those whose output scripts keep.
const ASKED: &[&str] = &["arch", "date", "hostname", "pwd", "uname"];

/// Variables that every shell has.
const VARIABLES: &[&str] = &[
    "BASH", "EUID", "HOME", "HOSTNAME", "IFS", "LANG", "LOGNAME", "OLDPWD", "PATH", "PPID", "PWD",
    "RANDOM", "SHELL", "SHLVL", "TERM", "UID", "USER",
];

const COUNTS: &[&str] = &[
    "expr", "kill", "killall", "ping", "ping6", "sleep", "timeout", "usleep",
];

/// Commands of Windows, which reads letters in either case.
const WINDOWS: &[&str] = &[
    "arp",
    "attrib",
    "bitsadmin",
    "certutil",
    "cmd",
    "copy",
    "cscript",
    "curl",
    "del",
    "dir",
    "echo",
    "erase",
    "find",
    "findstr",
    "hostname",
    "icacls",
    "ipconfig",
    "more",
    "move",
    "mshta",
    "nbtstat",
    "net",
    "net1",
    "netsh",
    "netstat",
    "nslookup",
    "ping",
    "powershell",
    "pwsh",
    "rd",
    "reg",
    "regsvr32",
    "ren",
    "rundll32",
    "sc",
    "schtasks",
    "set",
    "start",
    "systeminfo",
    "taskkill",
    "tasklist",
    "tracert",
    "tree",
    "type",
    "ver",
    "whoami",
    "wmic",
    "wscript",
];

/// Whether a name is one of Windows.
pub(super) fn is_windows(name: &[u8]) -> bool {
    holds(WINDOWS, name)
}

/// Whether a name is that of a command that another's output is sent through.
pub(super) fn is_filter(name: &[u8]) -> bool {
    holds(FILTERS, name)
}

/// Whether a name is that of a command whose output scripts keep.
pub(super) fn is_asked(name: &[u8]) -> bool {
    holds(ASKED, name)
}

/// Whether a name is that of a variable that every shell has.
pub(super) fn is_variable(name: &[u8]) -> bool {
    holds(VARIABLES, name)
}

/// Whether a name is that of a language whose code is given as an argument.
pub(super) fn is_interpreter(name: &[u8]) -> bool {
    matches!(
        name,
        b"bash"
            | b"lua"
            | b"node"
            | b"perl"
            | b"php"
            | b"python"
            | b"python2"
            | b"python3"
            | b"ruby"
            | b"sh"
    )
}

/// What a name is, if it is a command's.
pub(super) fn kind(name: &[u8]) -> Option<Kind> {
    let is_in = |names: &[&str]| holds(names, name);
    if matches!(name, b"id" | b"ps" | b"df" | b"dir" | b"env" | b"ver") {
        Some(Kind::Probe)
    } else if is_in(TOOLS) {
        Some(Kind::Tool)
    } else if is_in(COUNTS) {
        Some(Kind::Count)
    } else if is_in(WORDS) {
        Some(Kind::Word)
    } else if is_in(BUILDS) {
        Some(Kind::Build)
    } else {
        None
    }
}

/// Whether a name is in a list, which is in the order of bytes.
fn holds(names: &[&str], name: &[u8]) -> bool {
    names
        .binary_search_by(|known| known.as_bytes().cmp(name))
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_in_order() {
        for names in [
            TOOLS, WORDS, BUILDS, FILTERS, ASKED, VARIABLES, COUNTS, WINDOWS,
        ] {
            assert!(names.is_sorted_by(|first, second| first < second));
        }
    }
}
