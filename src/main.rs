//! The `portcullis` program.

use std::process::ExitCode;

use clap::Parser;
use portcullis::{app, cli::Arguments};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    app::main(Arguments::parse())
}
