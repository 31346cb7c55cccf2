package dev.chaperone.testkit.conformance;

import dev.chaperone.testkit.conformance.BypassCase.Compare;
import dev.chaperone.testkit.conformance.Result.Outcome;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Says what was learned. An attack that was answered has failed only if no secret is among what was received, in any form
 * that is known ({@link CanaryForms}), and if two worlds that differ in nothing but their secrets gave the same bytes, but for
 * which pseudonyms they are.
 */
final class Judge {

    /** Keyed pseudonyms: which ones there are depends on the secrets by design; that two are equal may be learned. */
    private static final Pattern PSEUDONYM = Pattern.compile("p_[0-9a-f]{10,16}");

    private static final int LONGEST_EVIDENCE = 300;

    /**
     * What one world answered.
     *
     * @param received what the client received
     * @param truth what the database itself would have answered; null when that is not known
     * @param millis how long it took
     */
    record Answer(Received received, @Nullable Received truth, long millis) {}

    private final List<Secrets> secrets;

    /** Those of each world, in the order of the answers. */
    Judge(List<Secrets> secrets) {
        this.secrets = List.copyOf(secrets);
    }

    Result judge(BypassCase test, Mode mode, List<Answer> answers) {
        for (int i = 0; i < answers.size(); i++) {
            Set<CanaryScan.Hit> hits = hits(test, secrets.get(i), answers.get(i).received());
            if (!hits.isEmpty()) {
                return new Result(
                        test,
                        mode,
                        Outcome.LEAKED,
                        hits + " in " + shown(answers.get(i).received()));
            }
        }
        String difference = difference(test, answers);
        if (difference != null) {
            return new Result(test, mode, Outcome.DEPENDS, difference);
        }
        for (Answer answer : answers) {
            String problem = useless(test, answer);
            if (problem != null) {
                return new Result(test, mode, Outcome.USELESS, problem);
            }
        }
        Received first = answers.get(0).received();
        return first.failed()
                ? new Result(test, mode, Outcome.REFUSED, first.error())
                : new Result(test, mode, Outcome.HELD, shown(first));
    }

    private Set<CanaryScan.Hit> hits(BypassCase test, Secrets world, Received received) {
        Set<CanaryScan.Hit> hits = new TreeSet<>(world.scan().scan(received));
        // What the attacker knows is the first world's, and it may stand in more than one place.
        Set<String> known = new TreeSet<>();
        test.knows().forEach(name -> known.add(secrets.get(0).value(name)));
        hits.removeIf(hit -> known.contains(world.value(hit.canary())));
        return hits;
    }

    private static @Nullable String difference(BypassCase test, List<Answer> answers) {
        if (test.compare() == Compare.NOT_COMPARED || answers.size() < 2) {
            return null;
        }
        boolean pseudonyms = test.compare() == Compare.PSEUDONYMS;
        List<String> one = comparable(answers.get(0).received());
        List<String> other = comparable(answers.get(1).received());
        if (one.equals(other) || pseudonyms && answers.stream().noneMatch(Judge::tellsTheTruth)) {
            return null;
        }
        for (int i = 0; i < Math.max(one.size(), other.size()); i++) {
            String left = i < one.size() ? one.get(i) : "nothing";
            String right = i < other.size() ? other.get(i) : "nothing";
            if (!left.equals(right)) {
                return "`" + shortened(left) + "` in one world, `" + shortened(right) + "` in the other";
            }
        }
        return null;
    }

    /** True when the rows are those that the database itself delivers. */
    private static boolean tellsTheTruth(Answer answer) {
        Received truth = answer.truth();
        return truth == null
                || !answer.received().rows().isEmpty()
                        && rows(answer.received()).equals(rows(truth));
    }

    private static List<String> rows(Received received) {
        return received.messages().stream()
                .filter(message -> message.tag() == 'D' || message.tag() == 'd')
                .map(Judge::exact)
                .toList();
    }

    private static String exact(Message message) {
        return message.tag() + " " + new String(message.body(), StandardCharsets.ISO_8859_1);
    }

    private static List<String> comparable(Received received) {
        List<String> messages = new ArrayList<>();
        for (Message message : received.comparable()) {
            messages.add(PSEUDONYM.matcher(exact(message)).replaceAll("p_*"));
        }
        if (received.ended()) {
            messages.add("the end");
        }
        return messages;
    }

    private static @Nullable String useless(BypassCase test, Answer answer) {
        if (test.within() != null && answer.millis() > test.within().toMillis()) {
            return "took " + answer.millis() + " ms";
        }
        BypassCase.Useful useful = test.useful();
        if (useful == null) {
            return null;
        }
        Received received = answer.received();
        if (received.failed()) {
            return received.error();
        }
        int rows = received.rows().size();
        if (useful.rows() >= 0 && rows != useful.rows()) {
            return rows + " rows, expected " + useful.rows();
        }
        String all = new String(received.bytes(), StandardCharsets.UTF_8);
        return useful.shows().stream()
                .filter(text -> !all.contains(text))
                .findFirst()
                .map(text -> "`" + text + "` is not in " + shown(received))
                .orElse(null);
    }

    private static String shown(Received received) {
        List<String> shown = new ArrayList<>();
        received.messages().forEach(message -> shown.add(message.printable()));
        return shortened(String.join(" ⏎ ", shown));
    }

    private static String shortened(String text) {
        String printable = text.replaceAll("[^\\x20-\\x7e⏎]", ".");
        return printable.length() <= LONGEST_EVIDENCE ? printable : printable.substring(0, LONGEST_EVIDENCE) + "…";
    }
}
