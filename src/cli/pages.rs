//! What is generated from the arguments: completion scripts and manual pages.

use std::io;

use clap_complete::Shell;

use super::arguments::command;

/// Writes a completion script.
pub fn write_completions(shell: Shell, out: &mut Vec<u8>) {
    clap_complete::generate(shell, &mut command(), "portcullis", out);
}

/// Writes a manual page in roff: the program's, or that of one of its commands.
///
/// # Errors
/// There is no such command.
pub fn write_man(name: Option<&str>, out: &mut Vec<u8>) -> io::Result<()> {
    let mut command = command();
    command.build();
    let page = match name {
        None => command,
        Some(name) => command
            .find_subcommand(name)
            .cloned()
            .ok_or_else(|| io::Error::other(format!("there is no command {name:?}")))?,
    };
    clap_mangen::Man::new(page).render(out)
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
        let mut page = Vec::new();
        write_man(Some("check"), &mut page).unwrap();
        assert!(
            String::from_utf8(page)
                .unwrap()
                .contains("portcullis\\-check")
        );
        assert!(write_man(Some("nothing"), &mut Vec::new()).is_err());
    }
}
