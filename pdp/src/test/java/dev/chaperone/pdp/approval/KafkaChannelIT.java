package dev.chaperone.pdp.approval;

import static dev.chaperone.pdp.approval.TestingApprovals.ENFORCER;
import static dev.chaperone.pdp.approval.TestingApprovals.ISSUER;
import static dev.chaperone.pdp.approval.TestingApprovals.no;
import static dev.chaperone.pdp.approval.TestingApprovals.person;
import static dev.chaperone.pdp.approval.TestingApprovals.request;
import static dev.chaperone.pdp.approval.TestingApprovals.terms;
import static dev.chaperone.pdp.approval.TestingApprovals.use;
import static dev.chaperone.pdp.approval.TestingApprovals.yes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalEvent;
import dev.chaperone.approval.v1.ApprovalEvent.Kind;
import dev.chaperone.approval.v1.State;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.KafkaBackend;
import dev.chaperone.testkit.PostgresBackend;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a real Kafka gets of approvals. */
class KafkaChannelIT {

    private static final int PATIENCE = 60;
    private static final AtomicInteger NUMBER = new AtomicInteger();

    private static PostgresBackend postgres;
    private static KafkaBackend kafka;

    private String name = "";

    @BeforeAll
    static void start() {
        postgres = Backends.postgres();
        kafka = Backends.kafka();
    }

    @AfterAll
    static void stop() {
        try (KafkaBackend broker = kafka;
                PostgresBackend database = postgres) {
            assertThat(broker).isNotNull();
            assertThat(database).isNotNull();
        }
    }

    @BeforeEach
    void create() {
        name = "steps" + NUMBER.incrementAndGet();
        postgres.execute("create database " + name);
    }

    private Approvals approvals() {
        Approvals approvals = new Approvals(
                TestingApprovals.config(postgres, name),
                () -> TestingApprovals.POLICY,
                List.of(new KafkaChannel(KafkaConfig.at(kafka.bootstrapServers(), name))));
        approvals.start();
        return approvals;
    }

    @Test
    void getsEveryStepInOrderWithWhoTookIt() throws Exception {
        Approval held;
        try (Approvals approvals = approvals()) {
            held = approvals.create(ENFORCER, request("s", "select 1", terms()));
            assertThatThrownBy(() -> approvals.approve(person("eve", "sales"), yes(held)))
                    .hasMessageContaining("`privacy`");
            approvals.approve(person("bob", "privacy"), yes(held));
            approvals.consume(ENFORCER, use(held, "s", "first"));

            List<ConsumerRecord<byte[], byte[]>> records = records(4);

            assertThat(records)
                    .allSatisfy(record ->
                            assertThat(record.key()).isEqualTo(held.getId().getBytes(StandardCharsets.UTF_8)));
            List<ApprovalEvent> events = events(records);
            assertThat(events)
                    .extracting(ApprovalEvent::getKind)
                    .containsExactly(Kind.KIND_CREATED, Kind.KIND_REFUSED, Kind.KIND_APPROVED, Kind.KIND_CONSUMED);
            assertThat(events)
                    .extracting(event -> event.getActor().getSubject())
                    .containsExactly("", "eve", "bob", "alice");
            assertThat(events).extracting(ApprovalEvent::getEventId).doesNotHaveDuplicates();
            assertThat(events)
                    .allSatisfy(event -> assertThat(event.getAt().getSeconds()).isPositive());
            assertThat(events.get(1).getApproval().getOperationText())
                    .as("what may be tried again and again")
                    .isEmpty();
            ApprovalEvent granted = events.get(2);
            assertThat(granted.getWords()).isEqualTo("treatment");
            assertThat(granted.getActor().getIssuer()).isEqualTo(ISSUER);
            assertThat(granted.getApproval().getState()).isEqualTo(State.STATE_APPROVED);
            assertThat(granted.getApproval().getOperationText()).isEqualTo("select 1");
            assertThat(granted.getApproval().getDigest()).isEqualTo(held.getDigest());
        }
    }

    @Test
    void aBrokerThatGoesAwayAndComesBackHoldsUpNobodyAndLosesNothing() throws Exception {
        Approval first;
        Approval second;
        try (Approvals approvals = approvals()) {
            first = approvals.create(ENFORCER, request("one", "select 1", terms()));
            records(1);
            kafka.stop();
            approvals.deny(person("bob", "privacy"), no(first));
            second = approvals.create(ENFORCER, request("two", "select 2", terms()));
        }
        // The next process begins without a broker: people decide, enforcers redeem.
        try (Approvals approvals = approvals()) {
            approvals.approve(person("bob", "privacy"), yes(second));
            approvals.consume(ENFORCER, use(second, "two", "first"));
            kafka.start();
            Approval third = approvals.create(ENFORCER, request("three", "select 3", terms()));

            // What was on its way when the broker went may come twice, with the same id.
            assertThat(events(records(6)))
                    .extracting(event -> event.getApproval().getId() + " " + event.getKind())
                    .containsExactly(
                            first.getId() + " KIND_CREATED",
                            first.getId() + " KIND_DENIED",
                            second.getId() + " KIND_CREATED",
                            second.getId() + " KIND_APPROVED",
                            second.getId() + " KIND_CONSUMED",
                            third.getId() + " KIND_CREATED");
        } finally {
            kafka.start();
        }
    }

    @Test
    void aStepLargerThanTheTopicTakesComesWithoutItsOperationAndHoldsUpNothing() throws Exception {
        String large = "select '" + "x".repeat(3 << 20) + "'";
        try (Approvals approvals = approvals()) {
            Approval held = approvals.create(ENFORCER, request("large", large, terms()));
            approvals.deny(person("bob", "privacy"), no(held));
            approvals.create(ENFORCER, request("small", "select 1", terms()));

            List<ApprovalEvent> events = events(records(3));

            assertThat(events).extracting(ApprovalEvent::getShortened).containsExactly(true, true, false);
            ApprovalEvent denied = events.get(1);
            assertThat(denied.getActor().getSubject()).isEqualTo("bob");
            assertThat(denied.getApproval().getOperationText()).isEmpty();
            assertThat(denied.getApproval().getDigest()).isEqualTo(held.getDigest());
            assertThat(denied.getApproval().getRequest().getPrincipal().getSubject())
                    .isEqualTo("alice");
        }
    }

    /** What is on the topic from its beginning, one record for each event id, once there are so many. */
    private List<ConsumerRecord<byte[], byte[]>> records(int count) throws Exception {
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        List<String> ids = new ArrayList<>();
        long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE);
        try (KafkaConsumer<byte[], byte[]> consumer = new KafkaConsumer<>(
                Map.of("bootstrap.servers", kafka.bootstrapServers()),
                new ByteArrayDeserializer(),
                new ByteArrayDeserializer())) {
            List<TopicPartition> all = List.of(new TopicPartition(name, 0));
            consumer.assign(all);
            consumer.seekToBeginning(all);
            while (records.size() < count) {
                assertThat(System.nanoTime())
                        .as("%d of %d records come in time", records.size(), count)
                        .isLessThan(until);
                for (ConsumerRecord<byte[], byte[]> record : consumer.poll(Duration.ofMillis(200))) {
                    String id = ApprovalEvent.parseFrom(record.value()).getEventId();
                    if (!ids.contains(id)) {
                        ids.add(id);
                        records.add(record);
                    }
                }
            }
        }
        return records;
    }

    private static List<ApprovalEvent> events(List<ConsumerRecord<byte[], byte[]>> records) throws Exception {
        List<ApprovalEvent> events = new ArrayList<>();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            events.add(ApprovalEvent.parseFrom(record.value()));
        }
        return events;
    }
}
