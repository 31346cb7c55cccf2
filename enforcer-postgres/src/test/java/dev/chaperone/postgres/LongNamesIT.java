package dev.chaperone.postgres;

import static dev.chaperone.postgres.RawClient.bind;
import static dev.chaperone.postgres.RawClient.bytes;
import static dev.chaperone.postgres.RawClient.execute;
import static dev.chaperone.postgres.RawClient.join;
import static dev.chaperone.postgres.RawClient.message;
import static dev.chaperone.postgres.RawClient.parse;
import static dev.chaperone.postgres.RawClient.query;
import static dev.chaperone.postgres.RawClient.sync;
import static dev.chaperone.postgres.RawClient.tags;
import static dev.chaperone.postgres.TestingDecisions.deny;
import static dev.chaperone.postgres.TestingDecisions.permit;
import static dev.chaperone.postgres.TestingDecisions.touches;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.postgres.RawClient.Message;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The server knows statements and portals by the first 63 bytes of their names: whoever compares more is led astray. */
class LongNamesIT {

    private static final String SAME = "n".repeat(63);
    private static final byte[] STATEMENT = {'S'};

    private static Gateway gateway;

    @BeforeAll
    static void start() {
        gateway = Gateway.start();
        gateway.decisions.policy(request -> touches(request, "secrets") ? deny("no") : permit());
    }

    @AfterAll
    static void stop() {
        gateway.close();
    }

    @Test
    void aStatementCannotBePutInThePlaceOfAnother() throws IOException {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(join(
                    parse(SAME + "a", "select count(*)::text from patients"),
                    message('C', STATEMENT, bytes(SAME + "b")),
                    parse(SAME + "c", "select max(text)::text from secrets"),
                    bind("", SAME + "a"),
                    execute("", 0),
                    sync()));
            List<Message> answer = client.until("Z");

            assertThat(tags(answer)).isEqualTo("131EZ");
            assertThat(answer.get(3).field('M')).contains("denied");
        }
    }

    @Test
    void namesAreCutAsTheServerCutsThem() throws IOException {
        try (RawClient client = RawClient.login(gateway.port(), TestingAuthenticator.AGENT)) {
            client.raw(join(
                    parse(SAME + "é", "select 1"),
                    bind(SAME + "x", SAME + "y"),
                    execute(SAME + "z", 0),
                    parse(SAME + "other", "select 2"),
                    sync()));
            List<Message> answer = client.until("Z");
            assertThat(tags(answer)).isEqualTo("12DCEZ");
            assertThat(answer.get(4).field('C')).isEqualTo("42P05"); // duplicate_prepared_statement

            client.raw(query("deallocate " + SAME + "whatever"));
            assertThat(tags(client.until("Z"))).isEqualTo("NCZ"); // "identifier ... will be truncated"
            client.raw(join(bind("", SAME), sync()));
            answer = client.until("Z");
            assertThat(answer.get(0).field('C')).isEqualTo("26000"); // invalid_sql_statement_name
        }
    }
}
