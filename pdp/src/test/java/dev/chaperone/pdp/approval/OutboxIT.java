package dev.chaperone.pdp.approval;

import static dev.chaperone.pdp.approval.TestingApprovals.ENFORCER;
import static dev.chaperone.pdp.approval.TestingApprovals.no;
import static dev.chaperone.pdp.approval.TestingApprovals.person;
import static dev.chaperone.pdp.approval.TestingApprovals.request;
import static dev.chaperone.pdp.approval.TestingApprovals.terms;
import static dev.chaperone.pdp.approval.TestingApprovals.yes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalEvent;
import dev.chaperone.approval.v1.ApprovalEvent.Kind;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresBackend;
import java.io.IOException;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who is told what happens to approvals, on a real database. */
class OutboxIT {

    private static final int PATIENCE = 60;
    private static final AtomicInteger NUMBER = new AtomicInteger();

    private static PostgresBackend postgres;

    private String database = "";

    @BeforeAll
    static void start() {
        postgres = Backends.postgres();
    }

    @AfterAll
    static void stop() {
        postgres.close();
    }

    @BeforeEach
    void create() {
        database = "outbox" + NUMBER.incrementAndGet();
        postgres.execute("create database " + database);
    }

    private Approvals approvals(Channel... channels) {
        Approvals approvals = new Approvals(
                TestingApprovals.config(postgres, database), () -> TestingApprovals.POLICY, List.of(channels));
        approvals.start();
        return approvals;
    }

    @Test
    void tellsOfEveryStepInOrder() throws Exception {
        Recording told = new Recording("all", true, event -> true);
        try (Approvals approvals = approvals(told)) {
            Approval held = approvals.create(ENFORCER, request("s", "select 1", terms()));
            approvals.approve(person("bob", "privacy"), yes(held));
            assertThat(told.next(2))
                    .extracting(ApprovalEvent::getKind)
                    .containsExactly(Kind.KIND_CREATED, Kind.KIND_APPROVED);
        }
        assertThat(told.closed).isTrue();
    }

    @Test
    void aReceiverThatFailsIsTriedAgainAndHoldsUpNobodyElse() throws Exception {
        AtomicInteger failures = new AtomicInteger();
        Recording failing = new Recording(
                "failing", false, event -> event.getKind() != Kind.KIND_CREATED || failures.incrementAndGet() > 1);
        Recording well = new Recording("well", false, event -> true);
        try (Approvals approvals = approvals(failing, well)) {
            Approval held = approvals.create(ENFORCER, request("s", "select 1", terms()));
            assertThat(well.next(1)).extracting(ApprovalEvent::getKind).containsExactly(Kind.KIND_CREATED);
            approvals.deny(person("bob", "privacy"), no(held));
            assertThat(failing.next(2))
                    .extracting(ApprovalEvent::getKind)
                    .containsExactlyInAnyOrder(Kind.KIND_DENIED, Kind.KIND_CREATED);
            assertThat(failures).hasValue(2);
        }
    }

    @Test
    void whereTheOrderCountsNothingOvertakes() throws Exception {
        AtomicInteger failures = new AtomicInteger();
        Recording failing = new Recording("ordered", true, event -> failures.incrementAndGet() > 2);
        try (Approvals approvals = approvals(failing)) {
            Approval held = approvals.create(ENFORCER, request("s", "select 1", terms()));
            approvals.deny(person("bob", "privacy"), no(held));
            assertThat(failing.next(2))
                    .extracting(ApprovalEvent::getKind)
                    .containsExactly(Kind.KIND_CREATED, Kind.KIND_DENIED);
        }
    }

    @Test
    void whatWasNotDeliveredIsDeliveredByTheNextProcess() throws Exception {
        Recording down = new Recording("desk", false, event -> false);
        Approval held;
        try (Approvals approvals = approvals(down)) {
            held = approvals.create(ENFORCER, request("s", "select 1", terms()));
            down.attempt();
        }
        Recording up = new Recording("desk", false, event -> true);
        try (Approvals approvals = approvals(up)) {
            assertThat(up.next(1))
                    .extracting(event -> event.getApproval().getId())
                    .containsExactly(held.getId());
        }
    }

    @Test
    void whatWaitsForAReceiverThatIsNotConfiguredAnyMoreIsForgottenWithTheApprovals() throws Exception {
        Recording gone = new Recording("gone", false, event -> false);
        Recording down = new Recording("down", false, event -> false);
        try (Approvals approvals = approvals(gone, down)) {
            approvals.create(ENFORCER, request("old", "select 1", terms()));
            gone.attempt();
            down.attempt();
        }
        postgres.executeIn(database, "update outbox_event set at = at - interval '2 days'");
        try (Approvals approvals = approvals(gone, down)) {
            approvals.create(ENFORCER, request("new", "select 1", terms()));
        }
        ApprovalsConfig config = TestingApprovals.config(postgres, database);
        try (Database opened = new Database(config.store(), 1);
                Outbox outbox = new Outbox(opened, List.of(down))) {
            opened.start();
            outbox.forget(Duration.ofDays(1));
        }
        assertThat(waiting()).containsExactlyInAnyOrder("down", "gone", "down");
    }

    /** Whom something waits for. */
    private List<String> waiting() throws SQLException {
        List<String> channels = new ArrayList<>();
        try (Connection connection = postgres.connect(database);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select channel from outbox_delivery")) {
            while (rows.next()) {
                channels.add(rows.getString(1));
            }
        }
        return channels;
    }

    @Test
    void twoReplicasTellOnce() throws Exception {
        Recording told = new Recording("desk", false, event -> true);
        int many = 20;
        try (Approvals first = approvals(told);
                Approvals second = approvals(told)) {
            for (int i = 0; i < many; i++) {
                (i % 2 == 0 ? first : second).create(ENFORCER, request("s" + i, "select 1", terms()));
            }
            assertThat(told.next(many)).extracting(ApprovalEvent::getEventId).doesNotHaveDuplicates();
            awaitNothingLeft();
        }
        assertThat(told.told).isEmpty();
    }

    /** A delivery is forgotten a moment after it was made. */
    private void awaitNothingLeft() throws SQLException {
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE);
        try (Connection connection = postgres.connect(database);
                Statement statement = connection.createStatement()) {
            while (true) {
                try (ResultSet rows = statement.executeQuery("select count(*) from outbox_delivery")) {
                    assertThat(rows.next()).isTrue();
                    if (rows.getInt(1) == 0) {
                        return;
                    }
                }
                assertThat(System.nanoTime())
                        .as("deliveries are forgotten in time")
                        .isLessThan(until);
            }
        }
    }

    /** Keeps what it was told, if it takes it. */
    private static final class Recording implements Channel {

        private final String name;
        private final boolean ordered;
        private final Predicate<ApprovalEvent> takes;
        private final BlockingQueue<ApprovalEvent> told = new LinkedBlockingQueue<>();
        private final BlockingQueue<ApprovalEvent> attempts = new LinkedBlockingQueue<>();
        private volatile boolean closed;

        Recording(String name, boolean ordered, Predicate<ApprovalEvent> takes) {
            this.name = name;
            this.ordered = ordered;
            this.takes = takes;
        }

        List<ApprovalEvent> next(int count) throws InterruptedException {
            List<ApprovalEvent> events = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                @Nullable ApprovalEvent event = told.poll(PATIENCE, TimeUnit.SECONDS);
                assertThat(event).as("event " + (i + 1) + " of " + count).isNotNull();
                events.add(event);
            }
            return events;
        }

        void attempt() throws InterruptedException {
            assertThat(attempts.poll(PATIENCE, TimeUnit.SECONDS)).isNotNull();
        }

        @Override
        public String name() {
            return name;
        }

        @Override
        public boolean wants(Kind kind) {
            return true;
        }

        @Override
        public boolean ordered() {
            return ordered;
        }

        @Override
        public void deliver(ApprovalEvent event) throws IOException {
            attempts.add(event);
            if (!takes.test(event)) {
                throw new IOException("not now");
            }
            told.add(event);
        }

        @Override
        public void close() {
            closed = true;
        }
    }
}
