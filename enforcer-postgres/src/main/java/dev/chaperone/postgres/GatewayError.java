package dev.chaperone.postgres;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.postgres.analysis.UnanalysableException;
import dev.chaperone.proto.ErrorCode;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * An error that the gateway itself reports. Its texts are safe to show.
 *
 * @param sqlState what it looks like to the client
 * @param code what it is to Chaperone: records and metrics name it
 * @param message what was refused and why
 * @param detail what it rests on, empty when there is no more to say
 * @param hint what to do, empty when there is nothing
 * @param routine the server's routine that would say so, for drivers that go by it; else empty
 */
record GatewayError(String sqlState, ErrorCode code, String message, String detail, String hint, String routine) {

    GatewayError(String sqlState, ErrorCode code, String message, String detail, String hint) {
        this(sqlState, code, message, detail, hint, "");
    }

    static GatewayError of(ErrorCode code, String message) {
        return new GatewayError(SqlState.of(code), code, message, "", "");
    }

    static GatewayError of(ErrorCode code, String message, String hint) {
        return new GatewayError(SqlState.of(code), code, message, "", hint);
    }

    /** An error that ends the session, after which the client may begin another. */
    static GatewayError connectAgain(String sqlState, ErrorCode code, String message) {
        return new GatewayError(sqlState, code, message, "", "connect again");
    }

    /** In the words, the code and the routine by which drivers know that they have to prepare the statement again. */
    static GatewayError stalePlan() {
        return stalePlan("the statement means something else than when it was prepared", "prepare the statement again");
    }

    /** The same, in all that the server says. */
    static GatewayError otherColumns() {
        return stalePlan("", "");
    }

    private static GatewayError stalePlan(String detail, String hint) {
        return new GatewayError(
                SqlState.FEATURE_NOT_SUPPORTED,
                ErrorCode.UNANALYSABLE,
                "cached plan must not change result type",
                detail,
                hint,
                "RevalidateCachedQuery");
    }

    /** In the words of the server. */
    static GatewayError cancelled() {
        return of(ErrorCode.CANCELLED, "canceling statement due to user request");
    }

    /** No prepared statement has that name. */
    static GatewayError unknownStatement(String name) {
        String what = name.isEmpty() ? "unnamed prepared statement" : "prepared statement \"" + name + "\"";
        return new GatewayError(
                SqlState.INVALID_STATEMENT_NAME, ErrorCode.PROTOCOL_VIOLATION, what + " does not exist", "", "");
    }

    static GatewayError of(UnanalysableException cause) {
        return of(cause.code(), String.valueOf(cause.getMessage()));
    }

    static GatewayError of(EnforcementException cause) {
        String message = cause.getMessage();
        return of(cause.code(), message == null ? cause.code().code() : message);
    }

    /** The fields of an ErrorResponse after which the session goes on. */
    Map<Character, String> error() {
        return fields("ERROR");
    }

    /** The fields of an ErrorResponse after which the connection is closed. */
    Map<Character, String> fatal() {
        return fields("FATAL");
    }

    /** The same for the log: one line, whatever a client has sent that it repeats. */
    String logged() {
        StringBuilder line = new StringBuilder();
        message.codePoints().forEach(point -> line.appendCodePoint(Character.isISOControl(point) ? '?' : point));
        return line + " (" + code.code() + ")";
    }

    private Map<Character, String> fields(String severity) {
        Map<Character, String> fields = new LinkedHashMap<>();
        fields.put('S', severity);
        fields.put('V', severity);
        fields.put('C', sqlState);
        fields.put('M', message);
        if (!detail.isEmpty()) {
            fields.put('D', detail);
        }
        if (!hint.isEmpty()) {
            fields.put('H', hint);
        }
        if (!routine.isEmpty()) {
            fields.put('R', routine);
        }
        return fields;
    }
}
