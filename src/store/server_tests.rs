//! Tests inside of a server, for what reads and writes its memory: `cargo pgrx test`, or the level agreement.

pgrx::extension_sql!(
    "INSERT INTO wfstate.access VALUES
    ('jsonb_is_read_however_it_is_stored', 'admin'), ('rows_are_received_one_by_one', 'admin'),
    ('parameters_arrive_as_they_were_given', 'admin'), ('memory_of_aggregates_goes_with_their_groups', 'admin');",
    name = "server_tests",
    requires = ["operations"]
);

#[allow(clippy::unwrap_used)]
#[pgrx::pg_schema]
mod tests {
    use crate::pg::spi::{Mode, Param, Statement, Type};
    use pgrx::prelude::*;

    static STORED: Statement = Statement::new(
        "SELECT short, plain, compressed, outside, outside_compressed FROM pg_temp.stored",
        &[],
    );
    static EQUAL: Statement = Statement::new(
        "SELECT pg_catalog.jsonb_eq($1, short), pg_catalog.jsonb_eq($2, plain), pg_catalog.jsonb_eq($3, compressed),
            pg_catalog.jsonb_eq($4, outside), pg_catalog.jsonb_eq($5, outside_compressed) FROM pg_temp.stored",
        &[Type::Jsonb; 5],
    );

    /// A header of one byte or four, compressed in the row, outside of it, and both.
    #[pg_test]
    fn jsonb_is_read_however_it_is_stored() {
        Spi::run(
            "CREATE TEMP TABLE stored (short jsonb, plain jsonb, compressed jsonb, outside jsonb, outside_compressed jsonb);
             ALTER TABLE stored ALTER plain SET STORAGE PLAIN, ALTER compressed SET STORAGE MAIN, ALTER outside SET STORAGE EXTERNAL;
             INSERT INTO stored SELECT '{\"a\": 1}', to_jsonb(repeat('p', 500)), to_jsonb(repeat('c', 5000)),
                 to_jsonb(repeat('o', 50000)), jsonb_agg(md5(n::text) || repeat('x', 60)) FROM generate_series(1, 2000) AS n",
        )
        .unwrap();
        let kinds = "SELECT pg_column_size(short) < 100 AND pg_column_size(plain) > 500 AND pg_column_size(compressed) < 1000
            AND pg_column_compression(compressed) IS NOT NULL AND pg_column_compression(outside) IS NULL
            AND pg_column_compression(outside_compressed) IS NOT NULL
            AND pg_relation_size((SELECT reltoastrelid FROM pg_class WHERE oid = 'stored'::regclass)) > 80000 FROM stored";
        assert_eq!(Spi::get_one::<bool>(kinds), Ok(Some(true)));
        let mut documents = Vec::new();
        let rows = STORED.rows(Mode::Latest, &[]);
        for row in rows.iter() {
            for column in 0..5 {
                documents.push(row.payload(column).unwrap().to_vec());
                assert_eq!(row.jsonb(column).as_ref(), documents.last());
            }
        }
        drop(rows);
        let mut received = Vec::new();
        let connection = STORED.receive(Mode::Write, &[], |row| {
            for column in 0..5 {
                received.push(row.stored(column).unwrap());
            }
            Ok(())
        });
        let received: Vec<_> = received
            .iter()
            .map(|one| one.payload(&connection).to_vec())
            .collect();
        drop(connection);
        assert_eq!(received, documents);
        let given: Vec<_> = documents
            .iter()
            .map(|one| Param::Jsonb(Some(one)))
            .collect();
        let equal = EQUAL.one(Mode::Latest, &given, |row| {
            Ok((0..5).all(|column| row.bool(column) == Some(true)))
        });
        assert_eq!(equal.ok(), Some(Some(true)));
    }

    static COUNTING: Statement = Statement::new(
        "SELECT pg_catalog.nextval('pg_temp.counting') FROM pg_catalog.generate_series(1, 100000)",
        &[],
    );

    /// The executor makes no row before the one before was looked at, and none after the last one wanted.
    #[pg_test]
    fn rows_are_received_one_by_one() {
        Spi::run("CREATE TEMP SEQUENCE counting").unwrap();
        let mut seen = Vec::new();
        drop(COUNTING.receive_while(Mode::Write, &[], |row| {
            seen.push(row.int8(0));
            Ok(seen.len() < 3)
        }));
        assert_eq!(seen, [Some(1), Some(2), Some(3)]);
        assert_eq!(
            Spi::get_one::<i64>("SELECT last_value FROM counting"),
            Ok(Some(3))
        );
    }

    static GIVEN: Statement = Statement::new(
        "SELECT $1, $2, $3, $4, $5",
        &[
            Type::Text,
            Type::Int8,
            Type::TextArray,
            Type::Uuid,
            Type::Bytea,
        ],
    );

    /// By value and by reference, empty, of more than a short header's length, and NULL.
    #[pg_test]
    fn parameters_arrive_as_they_were_given() {
        let long = "é".repeat(5000);
        for (text, number, bytes) in [
            ("", i64::MIN, &[][..]),
            (long.as_str(), i64::MAX, &[0, 255][..]),
        ] {
            let list = [text.to_string(), "b".to_string()];
            let given = [
                Param::Text(Some(text)),
                Param::Int8(Some(number)),
                Param::TextArray(Some(&list)),
                Param::Uuid(Some([7; 16])),
                Param::Bytea(Some(bytes)),
            ];
            let read = GIVEN.one(Mode::Read, &given, |row| {
                Ok((
                    row.text(0),
                    row.int8(1),
                    row.texts(2),
                    row.uuid(3),
                    row.bytea(4),
                ))
            });
            let wanted = (
                Some(text.to_string()),
                Some(number),
                Some(list.to_vec()),
                Some([7; 16]),
                Some(bytes.to_vec()),
            );
            assert_eq!(read.ok(), Some(Some(wanted)));
        }
        let none = [
            Param::Text(None),
            Param::Int8(None),
            Param::TextArray(None),
            Param::Uuid(None),
            Param::Bytea(None),
        ];
        let nothing = GIVEN.one(Mode::Read, &none, |row| {
            Ok(row.text(0).is_none()
                && row.int8(1).is_none()
                && row.texts(2).is_none()
                && row.bytea(4).is_none())
        });
        assert_eq!(nothing.ok(), Some(Some(true)));
    }

    /// A thousand groups at once, sorted groups one after the other, and a moving frame: the same sums, and no memory
    /// is kept.
    #[pg_test]
    fn memory_of_aggregates_goes_with_their_groups() {
        let memory = || {
            Spi::get_one::<i64>("SELECT sum(used_bytes)::bigint FROM pg_backend_memory_contexts")
                .unwrap()
                .unwrap()
        };
        let work = "SET LOCAL search_path = public;
            WITH tasks AS MATERIALIZED (SELECT n % 1000 AS agent, n % 3 > 0 AS success, n::double precision AS ms
                FROM generate_series(1, 50000) AS n),
            hashed AS (SELECT agent, routing_stats(success, ms) AS s FROM tasks GROUP BY agent),
            sorted AS (SELECT agent, routing_stats(success, ms ORDER BY ms) AS s FROM tasks GROUP BY agent),
            moving AS (SELECT agent, routing_stats(success, ms) OVER (PARTITION BY agent ORDER BY ms ROWS 9 PRECEDING) AS s FROM tasks)
            SELECT (SELECT sum(total_tasks(s)) = 50000 AND rollup(s)::text = (SELECT rollup(s)::text FROM sorted) FROM hashed)
                   AND (SELECT max(total_tasks(s)) = 10 FROM moving)";
        assert_eq!(Spi::get_one::<bool>(work), Ok(Some(true)));
        let before = memory();
        for _ in 0..3 {
            assert_eq!(Spi::get_one::<bool>(work), Ok(Some(true)));
        }
        let kept = memory() - before;
        assert!(kept < 1 << 20, "{kept} bytes are kept");
    }
}
