//! What is generated from the arguments: completion scripts and manual pages.

use std::io;

use clap_complete::Shell;

use super::arguments::command;

/// Writes a completion script.
pub fn write_completions(shell: Shell, out: &mut Vec<u8>) {
    clap_complete::generate(shell, &mut command(), "portcullis", out);
}

/// Writes a manual page in roff: that of the command of these words, or without any the program's.
///
/// # Errors
/// There is no such command.
pub fn write_man(words: &[String], out: &mut Vec<u8>) -> io::Result<()> {
    let mut command = command();
    command.build();
    let mut page = &command;
    for word in words {
        page = page
            .find_subcommand(word)
            .ok_or_else(|| io::Error::other(format!("there is no command {word:?}")))?;
    }
    clap_mangen::Man::new(page.clone()).render(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn pages_name_the_program_and_its_commands() {
        let mut script = Vec::new();
        write_completions(Shell::Bash, &mut script);
        assert!(String::from_utf8(script).unwrap().contains("portcullis"));
        for (words, name) in [
            ("check", "portcullis\\-check"),
            ("waf test", "portcullis\\-waf\\-test"),
        ] {
            let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
            let mut page = Vec::new();
            write_man(&words, &mut page).unwrap();
            assert!(String::from_utf8(page).unwrap().contains(name), "{name}");
        }
        assert!(write_man(&["nothing".to_owned()], &mut Vec::new()).is_err());
    }
}
