//! The sample of the documentation that WF_SAMPLE names becomes src/sample.rs's program. Its connection string is the
//! one thing that a test must change: the private server is elsewhere.

use std::{env, fs, path::Path};

const CONNECTION: &str = "\"host=/var/run/postgresql dbname=shop user=app\"";

fn main() {
    println!("cargo::rerun-if-env-changed=WF_SAMPLE");
    let program = match env::var("WF_SAMPLE") {
        Ok(file) => {
            println!("cargo::rerun-if-changed={file}");
            let text = fs::read_to_string(&file).expect("the sample is a file");
            assert!(text.contains(CONNECTION), "the sample connects otherwise");
            text.replace(
                CONNECTION,
                "&std::env::var(\"WF_SHOP\").expect(\"WF_SHOP is set\")",
            )
        }
        Err(_) => "fn main() {}\n".to_string(),
    };
    let out = env::var("OUT_DIR").expect("cargo sets OUT_DIR");
    fs::write(Path::new(&out).join("sample.rs"), program).expect("OUT_DIR can be written to");
}
