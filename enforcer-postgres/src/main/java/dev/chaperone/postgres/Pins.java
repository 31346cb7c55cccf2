package dev.chaperone.postgres;

import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.postgres.wire.BackendMessage;
import dev.chaperone.postgres.wire.FrontendMessage.Bind;
import dev.chaperone.postgres.wire.FrontendMessage.Target;
import dev.chaperone.postgres.wire.FrontendWriter;
import dev.chaperone.postgres.wire.Report;
import dev.chaperone.proto.ErrorCode;
import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.Consumer;

/**
 * The settings of the upstream session that the gateway depends on. Nobody can SET them, but code that runs in the database can;
 * they are set again before the next statement is parsed.
 */
final class Pins {

    static final String OWN = StatementFlow.RESERVED + "pins";

    private static final String TIGHTEN =
            "select pg_catalog.set_config(name, value, false) from (values ('client_min_messages', 'log'),"
                    + " ('debug_print_rewritten', 'on'), ('debug_pretty_print', 'off'), ('debug_print_parse', 'off'),"
                    + " ('debug_print_plan', 'off'), ('log_parameter_max_length_on_error', '0'),"
                    + " ('client_encoding', 'UTF8'), ('standard_conforming_strings', 'on')) as pins (name, value)";

    private enum State {
        /** As the session began. */
        TIGHT,
        /** Something may have changed them. */
        LOOSE,
        /** Set again in a transaction that could yet be rolled back. */
        TIGHT_FOR_NOW
    }

    private State state = State.TIGHT;

    /**
     * Checks what the server says that a setting is now.
     *
     * @param status the body of a ParameterStatus message
     * @throws EnforcementException when nothing of what the server sends could be read any more
     */
    static void require(ByteBuf status) {
        String[] parts = status.toString(StandardCharsets.UTF_8).split("\0", -1);
        String name = parts[0];
        String value = parts.length > 1 ? parts[1] : "";
        if (name.equals("client_encoding") && !value.equals("UTF8")
                || name.equals("standard_conforming_strings") && !value.equals("on")) {
            throw new EnforcementException(
                    ErrorCode.UNSUPPORTED,
                    "something in the database has changed `" + name + "`, which must stay as it is; connect again");
        }
    }

    /** Something has run that may have changed them. */
    void loosen() {
        state = State.LOOSE;
    }

    boolean loose() {
        return state == State.LOOSE;
    }

    /** True when nothing is known that could have changed them. */
    boolean tight() {
        return state == State.TIGHT;
    }

    /**
     * Sets them again within a transaction.
     *
     * @param failed gets the server's error should it not be possible
     */
    void tighten(UpstreamLink link, Runnable then, Consumer<Report> failed) {
        state = State.TIGHT_FOR_NOW;
        ask(link, FrontendWriter::flush, "CE", message -> {
            link.takeTrees();
            if (message.tag() == 'E') {
                failed.accept(Report.read(message.body()));
            } else {
                then.run();
            }
        });
    }

    /** Sets them again for good: the transaction has ended. */
    void settle(UpstreamLink link, Runnable then) {
        if (state == State.TIGHT) {
            then.run();
            return;
        }
        state = State.TIGHT;
        ask(link, FrontendWriter::sync, "Z", message -> {
            link.takeTrees();
            then.run();
        });
    }

    private void ask(UpstreamLink link, Consumer<ByteBuf> end, String last, Consumer<BackendMessage> answered) {
        link.ask(
                out -> {
                    FrontendWriter.close(out, Target.PORTAL, OWN);
                    FrontendWriter.close(out, Target.STATEMENT, OWN);
                    FrontendWriter.parse(out, OWN, TIGHTEN, List.of());
                    FrontendWriter.bind(out, new Bind(OWN, OWN, List.of(), List.of(), List.of()));
                    FrontendWriter.execute(out, OWN, 0);
                    end.accept(out);
                },
                "312DCEZ",
                last,
                message -> {
                    if (message.tag() == 'E') {
                        state = State.LOOSE;
                    }
                    if (last.indexOf(message.tag()) >= 0) {
                        answered.accept(message);
                    }
                });
    }
}
