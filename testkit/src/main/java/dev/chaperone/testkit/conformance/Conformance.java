package dev.chaperone.testkit.conformance;

import dev.chaperone.testkit.conformance.BypassCase.Compare;
import dev.chaperone.testkit.conformance.Judge.Answer;
import dev.chaperone.testkit.conformance.Result.Outcome;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * Runs cases against a gateway, or against two of them before two worlds at the same time.
 *
 * <p>Cases share a session as long as it is whole: what a case leaves behind, the next one has to cope with, as in the pool
 * of a real client. Not safe for use by several threads.
 */
public final class Conformance implements AutoCloseable {

    private final List<Attacker> attackers = new ArrayList<>();
    private final Judge judge;
    private final ExecutorService threads;

    /**
     * @param worlds one, or two that differ in their secrets only
     * @param secrets those of each world
     */
    public Conformance(List<World> worlds, List<Secrets> secrets) {
        worlds.forEach(world -> attackers.add(new Attacker(world, secrets.get(0).canaries())));
        judge = new Judge(secrets);
        threads = Executors.newFixedThreadPool(worlds.size());
    }

    /** Runs a case in one mode. */
    public Result run(BypassCase test, Mode mode) {
        List<CompletableFuture<Answer>> pending = new ArrayList<>();
        for (Attacker attacker : attackers) {
            pending.add(CompletableFuture.supplyAsync(() -> answer(attacker, test, mode), threads));
        }
        List<Answer> answers = new ArrayList<>();
        for (CompletableFuture<Answer> answer : pending) {
            try {
                answers.add(answer.join());
            } catch (CompletionException e) {
                if (e.getCause() instanceof Silence) {
                    return new Result(test, mode, Outcome.SILENT, "no answer");
                }
                throw e;
            }
        }
        Result result = judge.judge(test, mode, answers);
        if (!result.outcome().good()) {
            attackers.forEach(Conformance::refresh);
        }
        return result;
    }

    private static Answer answer(Attacker attacker, BypassCase test, Mode mode) {
        try {
            long began = System.nanoTime();
            Received received = attacker.attack(test, mode);
            long millis = (System.nanoTime() - began) / 1_000_000;
            boolean truth = test.compare() == Compare.PSEUDONYMS && test.useful() == null;
            return new Answer(received, truth ? attacker.truth(test, mode) : null, millis);
        } catch (SocketTimeoutException e) {
            attacker.reconnect();
            throw new Silence(e);
        } catch (IOException e) {
            throw new IllegalStateException("case `" + test.name() + "` cannot be run: " + e.getMessage(), e);
        }
    }

    private static void refresh(Attacker attacker) {
        try {
            attacker.refresh();
        } catch (IOException e) {
            attacker.reconnect();
        }
    }

    @Override
    public void close() {
        threads.shutdown();
        attackers.forEach(Attacker::close);
    }

    private static final class Silence extends RuntimeException {
        private static final long serialVersionUID = 1;

        Silence(SocketTimeoutException cause) {
            super(cause);
        }
    }
}
