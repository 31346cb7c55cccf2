package dev.chaperone.postgres;

import dev.chaperone.proto.ErrorCode;

/** What a refusal looks like to a PostgreSQL client (PostgreSQL documentation, appendix "PostgreSQL Error Codes"). */
final class SqlState {

    /** admin_shutdown. */
    static final String ADMIN_SHUTDOWN = "57P01";

    /** cannot_connect_now. */
    static final String CANNOT_CONNECT_NOW = "57P03";

    /** idle_session_timeout. */
    static final String IDLE_SESSION_TIMEOUT = "57P05";

    /** invalid_sql_statement_name. */
    static final String INVALID_STATEMENT_NAME = "26000";

    /** invalid_cursor_name. */
    static final String INVALID_PORTAL_NAME = "34000";

    /** invalid_catalog_name. */
    static final String INVALID_CATALOG_NAME = "3D000";

    /** feature_not_supported. */
    static final String FEATURE_NOT_SUPPORTED = "0A000";

    /** active_sql_transaction */
    static final String ACTIVE_SQL_TRANSACTION = "25001";

    static final String UNDEFINED_PARAMETER = "42P02";

    /** connection_failure. */
    static final String CONNECTION_FAILURE = "08006";

    private SqlState() {}

    /** The SQLSTATE that stands for a code. */
    static String of(ErrorCode code) {
        return switch (code) {
            case TOKEN_MALFORMED, TOKEN_UNTRUSTED -> "28P01"; // invalid_password
            case TOKEN_EXPIRED, TOKEN_NOT_YET_VALID, TOKEN_WRONG_AUDIENCE ->
                "28000"; // invalid_authorization_specification
            case IDENTITY_UNAVAILABLE -> CANNOT_CONNECT_NOW;
            case PROTOCOL_VIOLATION -> "08P01"; // protocol_violation
            case UNSUPPORTED -> FEATURE_NOT_SUPPORTED;
            case UNANALYSABLE, DENIED, HELD, OBLIGATION_UNFULFILLABLE, DETECTED -> "42501"; // insufficient_privilege
            case LIMIT_EXCEEDED -> "54000"; // program_limit_exceeded
            case PDP_UNAVAILABLE, UPSTREAM_MISMATCH -> "58000"; // system_error
            case RECORDING_UNAVAILABLE -> "58030"; // io_error
            case UPSTREAM_UNAVAILABLE -> CONNECTION_FAILURE;
            case CANCELLED -> "57014"; // query_canceled
            case OVERLOADED -> "53300"; // too_many_connections
            case INTERNAL -> "XX000"; // internal_error
        };
    }
}
