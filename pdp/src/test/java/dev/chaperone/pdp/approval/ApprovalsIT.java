package dev.chaperone.pdp.approval;

import static dev.chaperone.pdp.approval.TestingApprovals.ENFORCER;
import static dev.chaperone.pdp.approval.TestingApprovals.no;
import static dev.chaperone.pdp.approval.TestingApprovals.person;
import static dev.chaperone.pdp.approval.TestingApprovals.request;
import static dev.chaperone.pdp.approval.TestingApprovals.terms;
import static dev.chaperone.pdp.approval.TestingApprovals.use;
import static dev.chaperone.pdp.approval.TestingApprovals.yes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import dev.chaperone.approval.v1.Approval;
import dev.chaperone.approval.v1.ApprovalEvent;
import dev.chaperone.approval.v1.CreateApprovalRequest;
import dev.chaperone.approval.v1.ListApprovalsRequest;
import dev.chaperone.approval.v1.State;
import dev.chaperone.audit.v1.Vote;
import dev.chaperone.decision.v1.Effect;
import dev.chaperone.decision.v1.GrantMode;
import dev.chaperone.decision.v1.HoldTerms;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.pdp.approval.ApprovalException.Problem;
import dev.chaperone.testkit.Backends;
import dev.chaperone.testkit.PostgresBackend;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Approvals on a real database, as two replicas of the service use it. */
class ApprovalsIT {

    private static final Principal BOB = person("bob", "privacy");
    private static final Principal CAROL = person("carol", "privacy", "oncology");
    private static final AtomicInteger NUMBER = new AtomicInteger();

    private static PostgresBackend postgres;
    private static Approvals first;
    private static Approvals second;
    private static volatile String policy = TestingApprovals.POLICY;

    private final String session = "s-" + NUMBER.incrementAndGet();

    @BeforeAll
    static void start() {
        postgres = Backends.postgres();
        postgres.execute("create database approvals");
        Everything channel = new Everything();
        first = new Approvals(TestingApprovals.config(postgres, "approvals"), () -> policy, List.of(channel));
        second = new Approvals(TestingApprovals.config(postgres, "approvals"), () -> policy, List.of(channel));
        first.start();
        second.start();
    }

    @AfterAll
    static void stop() {
        second.close();
        first.close();
        postgres.close();
    }

    @AfterEach
    void policyInForce() {
        policy = TestingApprovals.POLICY;
    }

    private CreateApprovalRequest ask() {
        return request(session, "select name from patients -- " + session, terms());
    }

    @Test
    void whatOnePersonOfTheGroupApprovesIsRedeemedOnce() {
        Approval held = first.create(ENFORCER, ask());
        assertThat(held.getState()).isEqualTo(State.STATE_PENDING);
        refused(Problem.CONFLICT, () -> first.consume(ENFORCER, use(held, session, "c1")), "is pending");

        Approval granted = second.approve(BOB, yes(held));
        assertThat(granted.getState()).isEqualTo(State.STATE_APPROVED);
        assertThat(granted.getVotesList()).extracting(Vote::getJustification).containsExactly("treatment");
        assertThat(first.consume(ENFORCER, use(held, session, "c1")).getState()).isEqualTo(State.STATE_CONSUMED);
        // The same consumption, whose answer was lost.
        assertThat(second.consume(ENFORCER, use(held, session, "c1")).getUses()).isEqualTo(1);
        refused(Problem.CONFLICT, () -> second.consume(ENFORCER, use(held, session, "c2")), "is consumed");
    }

    @Test
    void theSameAskedAgainInASessionIsOneApprovalAndInAnotherAnother() {
        Approval held = first.create(ENFORCER, ask());
        assertThat(second.create(ENFORCER, ask()).getId()).isEqualTo(held.getId());
        CreateApprovalRequest elsewhere = request("other-" + session, ask().getOperationText(), terms());
        assertThat(second.create(ENFORCER, elsewhere).getId()).isNotEqualTo(held.getId());
        first.approve(BOB, yes(held));
        assertThat(second.create(ENFORCER, ask()))
                .extracting(Approval::getId, Approval::getState)
                .containsExactly(held.getId(), State.STATE_APPROVED);
    }

    @Test
    void oneRefusalIsFinal() {
        Approval held = first.create(ENFORCER, request(session, "select 2", terms().setApprovalsNeeded(2)));
        first.approve(BOB, yes(held));
        assertThat(second.deny(CAROL, no(held)).getState()).isEqualTo(State.STATE_DENIED);
        refused(Problem.CONFLICT, () -> first.approve(person("dan", "privacy"), yes(held)), "is denied already");
        refused(Problem.CONFLICT, () -> first.consume(ENFORCER, use(held, session, "c")), "is denied");
    }

    @Test
    void takesAsManyDifferentPeopleAsThePolicySaysAndOneOfEachRequiredGroup() {
        Approval held = first.create(
                ENFORCER,
                request(session, "select 3", terms().setApprovalsNeeded(2).addRequiredGroups("oncology")));
        assertThat(first.approve(BOB, yes(held)).getState()).isEqualTo(State.STATE_PENDING);
        refused(Problem.CONFLICT, () -> second.approve(BOB, yes(held)), "you have approved");
        assertThat(second.approve(person("dan", "privacy"), yes(held)).getState())
                .isEqualTo(State.STATE_PENDING);
        assertThat(first.approve(CAROL, yes(held)).getState()).isEqualTo(State.STATE_APPROVED);
    }

    @Test
    void nobodyDecidesOnTheirOwnRequestNorThroughAnAgentNorOutsideTheGroups() {
        Approval held = first.create(ENFORCER, ask());
        refused(Problem.FORBIDDEN, () -> first.approve(person("alice", "privacy"), yes(held)), "of their own");
        refused(Problem.FORBIDDEN, () -> first.approve(person("ALICE", "privacy"), yes(held)), "of their own");
        refused(Problem.FORBIDDEN, () -> first.approve(person("claude", "privacy"), yes(held)), "of their own");
        refused(Problem.FORBIDDEN, () -> first.deny(person("alice", "privacy"), no(held)), "of their own");
        refused(Problem.FORBIDDEN, () -> first.approve(person("eve", "billing"), yes(held)), "`privacy`");
        refused(
                Problem.FORBIDDEN,
                () -> first.approve(BOB.toBuilder().setAgent("helper").build(), yes(held)),
                "only a person in person");
        refused(
                Problem.FORBIDDEN,
                () -> first.approve(BOB.toBuilder().clearKind().build(), yes(held)),
                "only a person in person");
        refused(
                Problem.INVALID,
                () -> first.approve(
                        BOB, yes(held).toBuilder().setJustification(" ").build()),
                "`justification` is empty");
        refused(
                Problem.CONFLICT,
                () -> first.approve(BOB, yes(held).toBuilder().setRevision(7).build()),
                "has changed");
        assertThat(first.get(BOB, held.getId()).getState()).isEqualTo(State.STATE_PENDING);
        assertThat(kinds(held)).contains(ApprovalEvent.Kind.KIND_CREATED, ApprovalEvent.Kind.KIND_REFUSED);
    }

    @Test
    void oneWhoMayBreaksTheGlassAloneAndItIsMarked() {
        Approval held = first.create(
                ENFORCER,
                request(session, "select 4", terms().setApprovalsNeeded(3).addBreakGlassGroups("on-call")));
        refused(
                Problem.FORBIDDEN,
                () -> first.approve(
                        BOB, yes(held).toBuilder().setBreakGlass(true).build()),
                "`on-call`");
        Approval granted = first.approve(
                person("nora", "on-call"),
                yes(held).toBuilder().setBreakGlass(true).build());
        assertThat(granted)
                .extracting(Approval::getState, Approval::getBreakGlass)
                .containsExactly(State.STATE_APPROVED, true);
        assertThat(granted.getVotes(0).getBreakGlass()).isTrue();
        assertThat(kinds(held)).contains(ApprovalEvent.Kind.KIND_BREAK_GLASS);
    }

    @Test
    void lapsesAndCannotBeGrantedOrRedeemedFromThenOn() throws Exception {
        BlockingQueue<Approval> seen = new LinkedBlockingQueue<>();
        Approval held = first.create(
                ENFORCER, request(session, "select 5", terms().setExpiresAfter(TestingApprovals.millis(300))));
        try (Subscription watching = second.watch(held.getId(), seen::add)) {
            assertThat(watching).isNotNull();
            awaitState(seen, State.STATE_EXPIRED);
        }
        refused(Problem.CONFLICT, () -> first.approve(BOB, yes(held)), "expired");

        Approval granted = first.create(
                ENFORCER,
                request(
                        session,
                        "select 6",
                        terms().setMode(GrantMode.GRANT_MODE_WINDOW).setGrantLasts(TestingApprovals.millis(400))));
        try (Subscription watching = second.watch(granted.getId(), seen::add)) {
            assertThat(watching).isNotNull();
            first.approve(BOB, yes(granted));
            awaitState(seen, State.STATE_EXPIRED);
        }
        refused(Problem.CONFLICT, () -> first.consume(ENFORCER, use(granted, session, "late")), "expired");
    }

    @ParameterizedTest
    @EnumSource(
            value = GrantMode.class,
            names = {"GRANT_MODE_SESSION", "GRANT_MODE_WINDOW"})
    void grantsForASessionOrAWindowHoldForSeveralExecutions(GrantMode mode) {
        Approval held = first.create(ENFORCER, request(session, "select 7", terms().setMode(mode)));
        first.approve(BOB, yes(held));
        assertThat(first.consume(ENFORCER, use(held, session, "a")).getState()).isEqualTo(State.STATE_APPROVED);
        assertThat(second.consume(ENFORCER, use(held, session, "b")).getUses()).isEqualTo(2);
        if (mode == GrantMode.GRANT_MODE_SESSION) {
            refused(Problem.CONFLICT, () -> first.consume(ENFORCER, use(held, "other", "c")), "for another session");
        } else {
            assertThat(first.consume(ENFORCER, use(held, "other", "c")).getUses())
                    .isEqualTo(3);
        }
    }

    @Test
    void whatOnePersonHasGrantedIsNotGrantedWhereTheSamePolicyAsksForTwo() {
        HoldTerms.Builder window = terms().setMode(GrantMode.GRANT_MODE_WINDOW);
        Approval held = first.create(ENFORCER, request(session, "select 71", window));
        first.approve(BOB, yes(held));
        assertThat(second.create(ENFORCER, request("later-" + session, "select 71", window))
                        .getId())
                .isEqualTo(held.getId());

        CreateApprovalRequest atNight = request(session, "select 71", window.setApprovalsNeeded(2));
        Approval stricter = second.create(ENFORCER, atNight);
        assertThat(stricter.getState()).isEqualTo(State.STATE_PENDING);
        refused(
                Problem.CONFLICT,
                () -> first.consume(
                        ENFORCER,
                        use(stricter, session, "c").toBuilder()
                                .setId(held.getId())
                                .build()),
                "for something else");
    }

    @Test
    void holdsForExactlyWhatPeopleSaw() {
        CreateApprovalRequest asked = ask();
        refused(
                Problem.INVALID,
                () -> first.create(
                        ENFORCER,
                        asked.toBuilder()
                                .setOperationText("select ssn from patients")
                                .build()),
                "`digest`");
        refused(
                Problem.INVALID,
                () -> first.create(
                        ENFORCER,
                        asked.toBuilder()
                                .setDigest(ByteString.copyFrom(new byte[32]))
                                .build()),
                "`digest`");
        CreateApprovalRequest.Builder permitted = asked.toBuilder();
        permitted.getDecisionBuilder().setEffect(Effect.EFFECT_PERMIT);
        refused(Problem.INVALID, () -> first.create(ENFORCER, permitted.build()), "neither holds");
        Approval held = first.create(ENFORCER, asked);
        first.approve(BOB, yes(held));
        byte[] other = held.getDigest().toByteArray();
        other[3] ^= 1;
        refused(
                Problem.CONFLICT,
                () -> first.consume(
                        ENFORCER,
                        use(held, session, "c").toBuilder()
                                .setDigest(ByteString.copyFrom(other))
                                .build()),
                "for something else");
        assertThat(first.get(BOB, held.getId()).getUses()).isZero();
    }

    @Test
    void isDecidedAnewUnderAnotherPolicyAndNotAtAllUnderNone() {
        Approval held = first.create(ENFORCER, ask());
        Approval granted = first.create(ENFORCER, request(session, "select 8", terms()));
        first.approve(BOB, yes(granted));
        policy = "policy-2";
        refused(Problem.CONFLICT, () -> first.approve(BOB, yes(held)), "the policy has changed");
        refused(Problem.CONFLICT, () -> first.consume(ENFORCER, use(granted, session, "c")), "the policy has changed");
        policy = "";
        refused(Problem.UNAVAILABLE, () -> first.approve(BOB, yes(held)), "no policy");
        refused(Problem.UNAVAILABLE, () -> first.consume(ENFORCER, use(granted, session, "c")), "no policy");
    }

    @Test
    void whatWasChangedInTheDatabaseIsNotGranted() throws Exception {
        Approval held = first.create(ENFORCER, request(session, "select 13 from patients", terms()));
        try (Connection connection = postgres.connect("approvals");
                PreparedStatement read = connection.prepareStatement("select content from approval where id = ?");
                PreparedStatement write = connection.prepareStatement("update approval set content = ? where id = ?")) {
            read.setString(1, held.getId());
            try (ResultSet rows = read.executeQuery()) {
                assertThat(rows.next()).isTrue();
                write.setBytes(
                        1,
                        Approval.parseFrom(rows.getBytes(1)).toBuilder()
                                .setOperationText("select 13")
                                .build()
                                .toByteArray());
            }
            write.setString(2, held.getId());
            assertThat(write.executeUpdate()).isEqualTo(1);
        }
        assertThat(second.get(BOB, held.getId()).getOperationText()).isEqualTo("select 13");
        refused(Problem.CONFLICT, () -> second.approve(BOB, yes(held)), "is not what was asked for");
        refused(Problem.CONFLICT, () -> first.consume(ENFORCER, use(held, session, "c")), "is pending");
    }

    @Test
    void isOnlyThatEnforcersWhichAskedForIt() {
        CreateApprovalRequest asked = request(session, "select 12", terms().setMode(GrantMode.GRANT_MODE_WINDOW));
        Approval held = first.create(ENFORCER, asked);
        assertThat(held.getProvenEnforcer()).isEqualTo(ENFORCER);
        for (String other : List.of("", "dns:other.example")) {
            refused(Problem.NOT_FOUND, () -> second.cancel(other, held.getId()), "another enforcer");
        }
        first.approve(BOB, yes(held));
        for (String other : List.of("", "dns:other.example")) {
            refused(Problem.NOT_FOUND, () -> second.consume(other, use(held, session, "c")), "another enforcer");
            // What was granted to one is not granted to the other: it asks for itself.
            Approval own = second.create(other, asked);
            assertThat(own.getId()).isNotEqualTo(held.getId());
            assertThat(own.getState()).isEqualTo(State.STATE_PENDING);
        }
        assertThat(second.create(ENFORCER, asked).getId()).isEqualTo(held.getId());
        assertThat(second.consume(ENFORCER, use(held, session, "c")).getUses()).isEqualTo(1);
    }

    @Test
    void whatIsWithdrawnCannotBeGranted() {
        Approval held = first.create(ENFORCER, ask());
        assertThat(second.cancel(ENFORCER, held.getId()).getState()).isEqualTo(State.STATE_CANCELLED);
        assertThat(second.cancel(ENFORCER, held.getId()).getState()).isEqualTo(State.STATE_CANCELLED);
        refused(Problem.CONFLICT, () -> first.approve(BOB, yes(held)), "is cancelled already");
    }

    @Test
    void racingReplicasRedeemAGrantOnceAndDecideOnce() throws Exception {
        for (int round = 0; round < 5; round++) {
            String text = "select 9 -- " + round;
            List<Approval> created = race(8, replica -> replica.create(ENFORCER, request(session, text, terms())));
            assertThat(created)
                    .extracting(Approval::getId)
                    .containsOnly(created.get(0).getId());
            Approval held = created.get(0);
            List<Approval> decided = new ArrayList<>();
            decided.addAll(race(8, replica -> replica.approve(BOB, yes(held))));
            assertThat(decided).hasSize(1);
            AtomicInteger number = new AtomicInteger();
            assertThat(race(
                            8,
                            replica -> replica.consume(ENFORCER, use(held, session, "c" + number.incrementAndGet()))))
                    .hasSize(1);
            assertThat(first.get(BOB, held.getId()))
                    .extracting(Approval::getUses, Approval::getVotesCount)
                    .containsExactly(1L, 1);
        }
    }

    @Test
    void seesWhoMayDecideOrAskedOrAudits() {
        Approval held = first.create(ENFORCER, ask());
        assertThat(first.get(BOB, held.getId()).getOperationText()).isEqualTo(ask().getOperationText());
        assertThat(first.get(person("alice"), held.getId())).isNotNull();
        refused(Problem.NOT_FOUND, () -> first.get(person("eve", "billing"), held.getId()), "no such approval");
        refused(Problem.NOT_FOUND, () -> first.get(BOB.toBuilder().setAgent("x").build(), held.getId()), "no such");
        refused(
                Problem.NOT_FOUND,
                () -> first.get(
                        person("alice").toBuilder().setIssuer("https://other").build(), held.getId()),
                "no such");
        ListApprovalsRequest pending = ListApprovalsRequest.newBuilder()
                .addStates(State.STATE_PENDING)
                .setSubject("alice")
                .setPageSize(500)
                .build();
        assertThat(ids(BOB, pending)).contains(held.getId());
        assertThat(ids(person("alice"), pending)).contains(held.getId());
        assertThat(ids(person("eve", "billing"), pending)).isEmpty();
    }

    @Test
    void listsInPages() {
        List<String> made = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            made.add(
                    0,
                    first.create(ENFORCER, request(session, "select 10 -- " + i, paged()))
                            .getId());
        }
        Principal person = person("pia", "paging-" + session);
        ListApprovalsRequest.Builder page = ListApprovalsRequest.newBuilder().setPageSize(2);
        List<String> found = new ArrayList<>();
        String token = "";
        do {
            var answer = second.list(person, page.setPageToken(token).build());
            answer.getApprovalsList().forEach(approval -> found.add(approval.getId()));
            token = answer.getNextPageToken();
        } while (!token.isEmpty());
        assertThat(found).isEqualTo(made);
    }

    /** What lists take is bounded by their bytes too: one whose statements are long has fewer at a time, and leaves none out. */
    @Test
    void longStatementsAreListedFewAtATime() {
        List<String> made = new ArrayList<>();
        for (int i = 0; i < 6; i++) {
            String text = "select 12 -- " + i + "x".repeat(900_000);
            made.add(0, first.create(ENFORCER, request(session, text, paged())).getId());
        }
        Principal person = person("pia", "paging-" + session);
        ListApprovalsRequest.Builder page = ListApprovalsRequest.newBuilder().setPageSize(200);
        List<String> found = new ArrayList<>();
        String token = "";
        do {
            var answer = second.list(person, page.setPageToken(token).build());
            assertThat(answer.getSerializedSize()).isLessThan(3 << 20);
            answer.getApprovalsList().forEach(approval -> found.add(approval.getId()));
            token = answer.getNextPageToken();
        } while (!token.isEmpty());
        assertThat(found).isEqualTo(made);
        made.forEach(id -> first.cancel(ENFORCER, id));
    }

    private dev.chaperone.decision.v1.HoldTerms.Builder paged() {
        return terms().addApproverGroups("paging-" + session);
    }

    @Test
    void whoFollowsIsToldOfWhatAnotherReplicaDoes() throws Exception {
        BlockingQueue<Approval> seen = new LinkedBlockingQueue<>();
        BlockingQueue<Approval> unseen = new LinkedBlockingQueue<>();
        Principal watcher = person("wanda", "watching-" + session);
        try (Subscription all = first.watchAll(watcher, seen::add);
                Subscription none = first.watchAll(person("eve", "billing"), unseen::add)) {
            assertThat(List.of(all, none)).hasSize(2);
            Approval held = second.create(
                    ENFORCER, request(session, "select 11", terms().addApproverGroups("watching-" + session)));
            awaitState(seen, State.STATE_PENDING);
            second.deny(watcher, no(held));
            awaitState(seen, State.STATE_DENIED);
            assertThat(unseen).isEmpty();
        }
    }

    private List<String> ids(Principal person, ListApprovalsRequest request) {
        return first.list(person, request).getApprovalsList().stream()
                .map(Approval::getId)
                .toList();
    }

    private static void awaitState(BlockingQueue<Approval> seen, State state) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        Approval next;
        do {
            next = seen.poll(Math.max(0, deadline - System.nanoTime()), TimeUnit.NANOSECONDS);
            assertThat(next).as("an approval that is " + state).isNotNull();
        } while (next.getState() != state);
    }

    /** What becomes of a call that many make at the same time, of both replicas: those that were not refused. */
    private static List<Approval> race(int callers, Step step) throws Exception {
        CountDownLatch ready = new CountDownLatch(callers);
        ExecutorService executor = Executors.newFixedThreadPool(callers);
        try {
            List<Future<Approval>> calls = new ArrayList<>();
            for (int i = 0; i < callers; i++) {
                Approvals replica = i % 2 == 0 ? first : second;
                Callable<Approval> call = () -> {
                    ready.countDown();
                    ready.await();
                    try {
                        return step.on(replica);
                    } catch (ApprovalException e) {
                        assertThat(e.problem()).isEqualTo(Problem.CONFLICT);
                        return Approval.getDefaultInstance();
                    }
                };
                calls.add(executor.submit(call));
            }
            List<Approval> done = new ArrayList<>();
            for (Future<Approval> call : calls) {
                Approval approval = call.get(60, TimeUnit.SECONDS);
                if (!approval.getId().isEmpty()) {
                    done.add(approval);
                }
            }
            return done;
        } finally {
            executor.shutdownNow();
        }
    }

    private interface Step {
        Approval on(Approvals replica);
    }

    private static List<ApprovalEvent.Kind> kinds(Approval approval) {
        try (Connection connection = postgres.connect("approvals");
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select content from outbox_event where approval_id = '"
                        + approval.getId() + "' order by sequence")) {
            List<ApprovalEvent.Kind> kinds = new ArrayList<>();
            while (rows.next()) {
                kinds.add(ApprovalEvent.parseFrom(rows.getBytes(1)).getKind());
            }
            return kinds;
        } catch (Exception e) {
            throw new AssertionError(e);
        }
    }

    private static void refused(Problem problem, ThrowingCallable call, String words) {
        ApprovalException e = catchThrowableOfType(ApprovalException.class, call);
        assertThat(e).isNotNull().hasMessageContaining(words);
        assertThat(e.problem()).isEqualTo(problem);
    }

    /** Wants to be told of everything; the outbox keeps it. */
    private static final class Everything implements Channel {

        @Override
        public String name() {
            return "everything";
        }

        @Override
        public boolean wants(ApprovalEvent.Kind kind) {
            return true;
        }

        @Override
        public boolean ordered() {
            return true;
        }

        @Override
        public void deliver(ApprovalEvent event) {
            throw new IllegalStateException("nobody delivers here");
        }

        @Override
        public void close() {}
    }
}
