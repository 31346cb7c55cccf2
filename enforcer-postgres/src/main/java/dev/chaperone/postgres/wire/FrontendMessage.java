package dev.chaperone.postgres.wire;

import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a client sends within a session (chapter "Message Formats", those marked (F)). */
public sealed interface FrontendMessage {

    /** Which member this is, for exhaustive switches. */
    Kind kind();

    /** The members. */
    enum Kind {
        /** {@link Password}. */
        PASSWORD,
        /** {@link Query}. */
        QUERY,
        /** {@link Parse}. */
        PARSE,
        /** {@link Bind}. */
        BIND,
        /** {@link Describe}. */
        DESCRIBE,
        /** {@link Execute}. */
        EXECUTE,
        /** {@link Close}. */
        CLOSE,
        /** {@link Sync}. */
        SYNC,
        /** {@link Flush}. */
        FLUSH,
        /** {@link Terminate}. */
        TERMINATE,
        /** {@link CopyData}. */
        COPY_DATA,
        /** {@link CopyDone}. */
        COPY_DONE,
        /** {@link CopyFail}. */
        COPY_FAIL,
        /** {@link FunctionCall}. */
        FUNCTION_CALL
    }

    /** Whether a name means a prepared statement or a portal. */
    enum Target {
        /** A prepared statement. */
        STATEMENT('S'),
        /** A portal. */
        PORTAL('P');

        private final char code;

        Target(char code) {
            this.code = code;
        }

        /** As it is on the wire. */
        public char code() {
            return code;
        }
    }

    /** The answer to AuthenticationCleartextPassword. */
    record Password(String password) implements FrontendMessage {
        @Override
        public Kind kind() {
            return Kind.PASSWORD;
        }

        @Override
        public String toString() {
            return "Password[***]";
        }
    }

    /** A simple query: any number of statements. */
    record Query(String sql) implements FrontendMessage {
        @Override
        public Kind kind() {
            return Kind.QUERY;
        }
    }

    /**
     * Prepares a statement.
     *
     * @param statement its name, empty for the unnamed one
     * @param sql one statement
     * @param parameterTypes OIDs, 0 where the server shall find out
     */
    record Parse(String statement, String sql, List<Integer> parameterTypes) implements FrontendMessage {
        public Parse {
            parameterTypes = List.copyOf(parameterTypes);
        }

        @Override
        public Kind kind() {
            return Kind.PARSE;
        }
    }

    /**
     * Gives a prepared statement its parameters.
     *
     * @param portal name of the portal made, empty for the unnamed one
     * @param statement name of the prepared statement
     * @param parameterFormats none (all text), one (for all) or one for each: 0 text, 1 binary
     * @param parameters in order
     * @param resultFormats none (all text), one (for all) or one for each column
     */
    record Bind(
            String portal,
            String statement,
            List<Integer> parameterFormats,
            List<BoundParameter> parameters,
            List<Integer> resultFormats)
            implements FrontendMessage {
        public Bind {
            parameterFormats = List.copyOf(parameterFormats);
            parameters = List.copyOf(parameters);
            resultFormats = List.copyOf(resultFormats);
        }

        @Override
        public Kind kind() {
            return Kind.BIND;
        }

        /** The same for another prepared statement. */
        public Bind to(String otherStatement) {
            return new Bind(portal, otherStatement, parameterFormats, parameters, resultFormats);
        }

        /** True when the parameter of that index is in binary format. */
        public boolean binary(int parameter) {
            if (parameterFormats.isEmpty()) {
                return false;
            }
            return parameterFormats.get(parameterFormats.size() == 1 ? 0 : parameter) == 1;
        }
    }

    /**
     * One parameter of a Bind.
     *
     * @param value its bytes, null for SQL NULL
     */
    record BoundParameter(byte @Nullable [] value) {
        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof BoundParameter that && Arrays.equals(value, that.value);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(value);
        }

        @Override
        public String toString() {
            return value == null ? "null" : value.length + " bytes";
        }
    }

    /** Asks what a statement or portal delivers. */
    record Describe(Target target, String name) implements FrontendMessage {
        @Override
        public Kind kind() {
            return Kind.DESCRIBE;
        }
    }

    /**
     * Runs a portal.
     *
     * @param portal its name
     * @param maxRows most rows to deliver before suspending; 0 or less means all
     */
    record Execute(String portal, int maxRows) implements FrontendMessage {
        @Override
        public Kind kind() {
            return Kind.EXECUTE;
        }
    }

    /** Drops a statement or portal. */
    record Close(Target target, String name) implements FrontendMessage {
        @Override
        public Kind kind() {
            return Kind.CLOSE;
        }
    }

    /** Ends a series of extended-query messages. */
    record Sync() implements FrontendMessage {
        @Override
        public Kind kind() {
            return Kind.SYNC;
        }
    }

    /** Asks for what is pending to be delivered. */
    record Flush() implements FrontendMessage {
        @Override
        public Kind kind() {
            return Kind.FLUSH;
        }
    }

    /**
     * Calls a function.
     *
     * @param function its OID
     * @param argumentFormats none (all text), one (for all) or one for each: 0 text, 1 binary
     * @param arguments in order
     * @param resultFormat 0 text, 1 binary
     */
    record FunctionCall(int function, List<Integer> argumentFormats, List<BoundParameter> arguments, int resultFormat)
            implements FrontendMessage {
        public FunctionCall {
            argumentFormats = List.copyOf(argumentFormats);
            arguments = List.copyOf(arguments);
        }

        @Override
        public Kind kind() {
            return Kind.FUNCTION_CALL;
        }
    }

    /** Ends the session. */
    record Terminate() implements FrontendMessage {
        @Override
        public Kind kind() {
            return Kind.TERMINATE;
        }
    }

    /**
     * Data for a COPY FROM STDIN. Where a message of it ends means nothing, so that one may be handed over in several.
     *
     * @param data the bytes; not to be changed
     */
    record CopyData(byte[] data) implements FrontendMessage {
        @Override
        public Kind kind() {
            return Kind.COPY_DATA;
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof CopyData that && Arrays.equals(data, that.data);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(data);
        }

        @Override
        public String toString() {
            return "CopyData[" + data.length + " bytes]";
        }
    }

    /** All data of a COPY FROM STDIN has been sent. */
    record CopyDone() implements FrontendMessage {
        @Override
        public Kind kind() {
            return Kind.COPY_DONE;
        }
    }

    /**
     * Gives a COPY FROM STDIN up.
     *
     * @param message why, as the client says it
     */
    record CopyFail(String message) implements FrontendMessage {
        @Override
        public Kind kind() {
            return Kind.COPY_FAIL;
        }
    }
}
