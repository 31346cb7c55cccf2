"""Reflects everything SQLAlchemy knows to reflect, and prints it in a form that two databases can be compared by."""
import sys

import sqlalchemy
from sqlalchemy import inspect

engine = sqlalchemy.create_engine(sys.argv[1])
inspector = inspect(engine)
print("version", engine.dialect.__class__.__name__, inspector.default_schema_name)
print("schemas", sorted(inspector.get_schema_names()))
for schema in ("registry", "public"):
    print("tables", schema, sorted(inspector.get_table_names(schema)))
    print("views", schema, sorted(inspector.get_view_names(schema)))
    print("sequences", schema, sorted(inspector.get_sequence_names(schema)))
    print("foreign tables", schema, sorted(inspector.get_foreign_table_names(schema)))
    print("enums", schema, inspector.get_enums(schema))
    for view in sorted(inspector.get_view_names(schema)):
        print("view", view, inspector.get_view_definition(view, schema))
    for table in sorted(inspector.get_table_names(schema) + inspector.get_view_names(schema)):
        print("columns", table, [sorted((k, str(v)) for k, v in c.items()) for c in inspector.get_columns(table, schema)])
        print("primary key", table, inspector.get_pk_constraint(table, schema))
        print("foreign keys", table, inspector.get_foreign_keys(table, schema))
        print("indexes", table, sorted(map(str, inspector.get_indexes(table, schema))))
        print("unique", table, inspector.get_unique_constraints(table, schema))
        print("checks", table, inspector.get_check_constraints(table, schema))
        print("comment", table, inspector.get_table_comment(table, schema))
        print("oid", table, inspector.get_table_oid(table, schema) > 0)
    metadata = sqlalchemy.MetaData()
    metadata.reflect(bind=engine, schema=schema, views=True)
    for table in metadata.sorted_tables:
        print("reflected", table.fullname, [(c.name, str(c.type), c.nullable) for c in table.columns])
with engine.connect() as connection:
    print("has table", engine.dialect.has_table(connection, "people", "registry"))
    print("has sequence", engine.dialect.has_sequence(connection, "numbers", "registry"))
