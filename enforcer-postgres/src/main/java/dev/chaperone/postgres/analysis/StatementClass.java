package dev.chaperone.postgres.analysis;

/** The kinds of statement that Chaperone tells apart. Whatever is not positively recognised is {@link #UNKNOWN}. */
public enum StatementClass {
    /** Nothing but white space and comments. */
    EMPTY,
    /** SELECT, WITH, VALUES, TABLE. A WITH may hide data modification: the tree says so. */
    QUERY,
    /** INSERT, UPDATE, DELETE, MERGE. */
    DML,
    /** BEGIN, START TRANSACTION, COMMIT, END, ROLLBACK, ABORT, SAVEPOINT, RELEASE, ROLLBACK TO; nothing of two-phase commit. */
    TRANSACTION,
    /** SET in all its forms. */
    SET,
    /** RESET. */
    RESET,
    /** SHOW. */
    SHOW,
    /** DISCARD. */
    DISCARD,
    /** DEALLOCATE. */
    DEALLOCATE,
    /** PREPARE of a statement, not of a transaction. */
    PREPARE,
    /** EXECUTE. */
    EXECUTE,
    /** DECLARE, FETCH, MOVE, CLOSE. */
    CURSOR,
    /** EXPLAIN. */
    EXPLAIN,
    /** COPY. */
    COPY,
    /** LISTEN, UNLISTEN, NOTIFY. */
    LISTEN,
    /** LOCK TABLE. */
    LOCK,
    /** TRUNCATE. */
    TRUNCATE,
    /** CREATE, ALTER, DROP, COMMENT and the like, of things that are not code or rights. */
    SCHEMA,
    /** Rights, roles, code, maintenance: GRANT, DO, CALL, CREATE FUNCTION, VACUUM. */
    ADMIN,
    /** Not recognised. */
    UNKNOWN
}
