//! What a first attempt with pgrx looks like: the state arrives as `pgrx::JsonB` (jsonb to text to a
//! serde tree), and each statement is parsed and planned anew by `Spi` with the tree turned back into
//! jsonb. The work in the tables is that of the hand-written full copy: the benchmark compares the way.

use pgrx::prelude::*;

::pgrx::pg_module_magic!(name, version);

::pgrx::extension_sql_file!("../sql/naive.sql", name = "naive");

#[pg_extern(sql = false)]
fn naive_save(
    execution_id: &str,
    state: pgrx::JsonB,
    expected_version: i64,
) -> Result<i64, pgrx::spi::Error> {
    let version = Spi::get_one_with_args::<i64>(
        "UPDATE naive_current SET state = $1, version = version + 1, updated_at = now()
          WHERE execution_id = $2 AND version = $3 RETURNING version",
        &[
            pgrx::JsonB(state.0.clone()).into(),
            execution_id.into(),
            expected_version.into(),
        ],
    )?;
    let Some(version) = version else {
        pgrx::error!("version {expected_version} is not the head of {execution_id}");
    };
    Spi::run_with_args(
        "INSERT INTO naive_history (execution_id, version, state) VALUES ($1, $2, $3)",
        &[execution_id.into(), version.into(), state.into()],
    )?;
    Ok(version)
}

/// Whether a state fits a JSON Schema that is compiled for each call.
#[pg_extern(sql = false)]
fn naive_json_matches_schema(schema: pgrx::JsonB, state: pgrx::JsonB) -> bool {
    match jsonschema::validator_for(&schema.0) {
        Ok(validator) => validator.is_valid(&state.0),
        Err(error) => pgrx::error!("the schema cannot be compiled: {error}"),
    }
}
