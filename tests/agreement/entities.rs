// The body of the program that tests/agreement.sh builds on the library: what pgrx knows of each function, as SQL
// that fills rust_functions, rust_arguments and rust_columns, and the script that `cargo pgrx schema` would write.

use pgrx::pgrx_sql_entity_graph::metadata::{Returns, ReturnsError, SqlMapping};
use pgrx::pgrx_sql_entity_graph::{
    ControlFile, PgExternEntity, PgExternReturnEntity, PgrxSql, SqlGraphEntity,
};
use std::path::PathBuf;

fn sql_name<E>(mapping: Result<SqlMapping, E>) -> String {
    match mapping {
        Ok(SqlMapping::As(name)) => name.to_lowercase(),
        Ok(other) => format!("{other:?}"),
        Err(_) => "no SQL type".into(),
    }
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// How many rows it gives, and of which type: `one`, `set`, or `table` with columns.
fn result(function: &PgExternEntity) -> (&'static str, String, Vec<(String, String)>) {
    let returned: Result<Returns, ReturnsError> = function.metadata.retval.return_sql.clone();
    let names: Vec<String> = match &function.fn_return {
        PgExternReturnEntity::Iterated { tys } => {
            tys.iter().map(|item| item.name.unwrap_or_default().trim_matches('"').into()).collect()
        }
        _ => Vec::new(),
    };
    match returned {
        Ok(Returns::One(one)) => ("one", sql_name(Ok::<_, ()>(one)), Vec::new()),
        Ok(Returns::SetOf(one)) => ("set", sql_name(Ok::<_, ()>(one)), Vec::new()),
        Ok(Returns::Table(types)) => {
            let types = types.into_iter().map(|one| sql_name(Ok::<_, ()>(one)));
            ("table", "record".into(), names.into_iter().zip(types).collect())
        }
        Err(_) => ("one", "no SQL type".into(), Vec::new()),
    }
}

fn facts(function: &PgExternEntity) -> String {
    let symbol = literal(&format!("{}_wrapper", function.unaliased_name));
    let (rows, type_name, columns) = result(function);
    let mut out = format!(
        "INSERT INTO rust_functions VALUES ({symbol}, {}, {}, {});\n",
        literal(rows),
        literal(&type_name),
        literal(function.file),
    );
    // pgrx's metadata has what the compiler resolved, its arguments the names as written.
    for (index, argument) in function.metadata.arguments.iter().enumerate() {
        let name = function.fn_args.get(index).map_or("", |argument| argument.pattern);
        out += &format!(
            "INSERT INTO rust_arguments VALUES ({symbol}, {}, {}, {}, {});\n",
            index + 1,
            literal(name),
            literal(&sql_name(argument.argument_sql.clone())),
            argument.optional,
        );
    }
    for (index, (name, type_name)) in columns.iter().enumerate() {
        out += &format!(
            "INSERT INTO rust_columns VALUES ({symbol}, {}, {}, {});\n",
            index + 1,
            literal(name),
            literal(type_name),
        );
    }
    out
}

fn write_out(control: &str, folder: &str, entities: Vec<SqlGraphEntity>) {
    let folder = PathBuf::from(folder);
    let mut functions: Vec<String> = entities
        .iter()
        .filter_map(|entity| match entity {
            SqlGraphEntity::Function(function) => Some(facts(function)),
            SqlGraphEntity::Trigger(trigger) => Some(format!(
                "INSERT INTO rust_functions VALUES ('{}_wrapper', 'one', 'trigger', {});\n",
                trigger.function_name,
                literal(trigger.file),
            )),
            _ => None,
        })
        .collect();
    functions.sort();
    std::fs::write(folder.join("rust.sql"), functions.concat()).expect("rust.sql is written");
    let control = ControlFile::try_from(PathBuf::from(control)).expect("the control file is read");
    let all = std::iter::once(SqlGraphEntity::ExtensionRoot(control)).chain(entities);
    PgrxSql::build(all, "wfstate".into(), false)
        .and_then(|sql| sql.to_file(folder.join("pgrx.sql")))
        .expect("pgrx.sql is written");
}
