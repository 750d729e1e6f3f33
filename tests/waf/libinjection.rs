//! libinjection's corpora: of each file as much is found as the C library finds, and by the same
//! fingerprints.

use std::fs;
use std::path::Path;

use portcullis::waf::libinjection::{detect_sqli, detect_xss, may_be_sqli, may_be_xss};

/// Where the corpora are, beside the project.
const CORPORA: &str = "../shared/corpora/libinjection/data";

/// Of each file the inputs, and how many of them C takes for injections of SQL and of HTML; found
/// with libinjection 85e252a.
const FOUND: &[(&str, usize, usize, usize)] = &[
    ("sqli-@ru_raz0-20160705.txt", 28, 28, 0),
    ("sqli-arithmetic_blind_sqli.txt", 5, 5, 0),
    ("sqli-arithmetic_variations.txt", 55, 55, 0),
    ("sqli-arneswinnen.net-boolean.txt", 12, 12, 0),
    ("sqli-arneswinnen.net-time.txt", 41, 41, 0),
    ("sqli-comparitiveprecomputation.txt", 14, 14, 0),
    ("sqli-edb-17934.txt", 35, 35, 0),
    ("sqli-forums.txt", 14023, 14017, 0),
    ("sqli-fullqueries.txt", 114, 114, 0),
    ("sqli-fuzz-ischi.txt", 312, 312, 0),
    ("sqli-github-110.txt", 3, 3, 0),
    ("sqli-github-114.txt", 1, 1, 0),
    ("sqli-github-123.txt", 1, 1, 0),
    ("sqli-github-125.txt", 4, 4, 0),
    ("sqli-github-modsec-782.txt", 1, 1, 0),
    ("sqli-hackers.txt", 258, 258, 0),
    ("sqli-ibm.txt", 2, 2, 0),
    ("sqli-insert_attacks.txt", 5, 5, 0),
    ("sqli-isc_sans.txt", 5, 5, 0),
    ("sqli-left.txt", 1, 1, 0),
    ("sqli-misc.txt", 464, 462, 0),
    ("sqli-mysql-implicit.txt", 125, 125, 0),
    ("sqli-phpids.txt", 263, 260, 0),
    ("sqli-rsalgado-bhusa2013.txt", 62, 55, 0),
    ("sqli-spiderlabs-201107.txt", 6, 6, 0),
    ("sqli-spiderlabs-201112.txt", 21, 21, 0),
    ("sqli-spiderlabs-201205.txt", 9, 9, 0),
    ("sqli-sqlmap-20160724.txt", 98, 98, 0),
    ("sqli-sqlmap_examples.txt", 6, 6, 0),
    ("sqli-themole.txt", 56, 56, 0),
    ("sqli-wordpress_rbarnett.txt", 1119, 1119, 0),
    ("tbd-xss-github-issue-68.txt", 1, 0, 0),
    ("xss-0x6D6172696F-394932823645503488.txt", 1, 0, 1),
    ("xss-angular-pull-11290.txt", 1, 0, 1),
    ("xss-html5secorg.txt", 235, 5, 230),
    ("xss-mgentile-2013.txt", 5, 0, 5),
    ("xss-modsecurity-2013-1.txt", 1, 0, 1),
    ("xss-modsecurity-2013-2.txt", 1, 0, 1),
    ("xss-owasp-cheatsheet-20131120.txt", 77, 2, 77),
    ("xss-smoke-test.txt", 26, 1, 26),
    ("xss-soaj1664ashar-pastebin-u6FY1xDA.txt", 99, 15, 99),
    ("xss-soaj1664ashar.txt", 11, 2, 11),
    ("xss-xenotix.txt", 1188, 25, 1188),
];

/// The FNV-1a sum of the fingerprints that C finds, each with a line end, in the order of [`FOUND`].
const FINGERPRINTS: u64 = 0x0c82_342a_41b9_c1e9;

#[test]
fn the_corpora_hold_what_c_finds_in_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(CORPORA);
    if !folder.is_dir() {
        println!("skipped: {} is absent", folder.display());
        return;
    }
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    for &(file, inputs, sqli, xss) in FOUND {
        let (mut found_sqli, mut found_xss) = (0, 0);
        let inputs_read = inputs_of(&fs::read(folder.join(file)).unwrap());
        for input in &inputs_read {
            let fingerprint = detect_sqli(input);
            let is_xss = detect_xss(input);
            found_sqli += usize::from(fingerprint.is_some());
            found_xss += usize::from(is_xss);
            assert!(fingerprint.is_none() || may_be_sqli(input));
            assert!(!is_xss || may_be_xss(input));
            let line = fingerprint.map(|f| f.to_string()).unwrap_or_default() + "\n";
            for byte in line.bytes() {
                sum = (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        }
        assert_eq!(
            (inputs_read.len(), found_sqli, found_xss),
            (inputs, sqli, xss),
            "{file}"
        );
    }
    assert_eq!(sum, FINGERPRINTS);
}

/// The lines that are neither empty nor comments, with their `%XX` and `+` decoded.
fn inputs_of(text: &[u8]) -> Vec<Vec<u8>> {
    text.split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty() && line[0] != b'#')
        .map(decoded)
        .collect()
}

fn decoded(mut line: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut out = Vec::new();
    while let [first, behind @ ..] = line {
        line = behind;
        let code = match *behind {
            [high, low, ..] if *first == b'%' => digit(high).zip(digit(low)),
            _ => None,
        };
        out.push(match (code, first) {
            (Some((high, low)), _) => {
                line = &behind[2..];
                (high << 4 | low) as u8
            }
            (None, b'+') => b' ',
            (None, other) => *other,
        });
    }
    out
}
