package dev.chaperone.enforcer.detect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.chaperone.decision.v1.Detect;
import dev.chaperone.decision.v1.Detect.Action;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.proto.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ContentNetTest {

    private static final Detectors DETECTORS = new Detectors(DetectionConfig.DEFAULT);
    private static final ContentNet ALL = net(DETECTORS, Detector.names().toArray(String[]::new));

    /** The rows of {@code docs/detectors.md}: what is in braces is what is replaced. */
    static List<Arguments> rows() throws IOException {
        Pattern row = Pattern.compile("\\| ([a-z-]+) \\| `(.*)` \\|");
        return Files.readAllLines(Path.of("../docs/detectors.md")).stream()
                .map(row::matcher)
                .filter(Matcher::matches)
                .map(match -> Arguments.of(match.group(1), match.group(2)))
                .toList();
    }

    @ParameterizedTest
    @MethodSource("rows")
    void findsWhatTheTableSays(String detector, String text) {
        String marked = text.replace("\\n", "\n");
        String plain = marked.replace("{", "").replace("}", "");
        String expected = detector.equals("none") ? plain : marked.replaceAll("\\{[^}]*}", "[" + detector + "]");
        assertThat(masked(ALL, plain)).isEqualTo(expected);
    }

    @Test
    void thePageHasRowsForEveryDetector() throws IOException {
        assertThat(rows())
                .hasSizeGreaterThan(100)
                .extracting(row -> row.get()[0])
                .containsAll(Detector.names());
    }

    @Test
    void findsSeveralThingsInOneText() {
        assertThat(masked(
                        ALL,
                        "Ada (DOB 12/10/1815, MRN 0012345) SSN 219-09-9999, card 4111-1111-1111-1111; call (503) 555-0199"
                                + " or write to ada@example.org."))
                .isEqualTo(
                        "Ada (DOB [birth-date], MRN [mrn]) SSN [ssn], card [card]; call [phone] or write to [email].");
    }

    @ParameterizedTest
    @CsvSource({
        "ada@chart.mrn 0012345,[email] [mrn]",
        "MRN 0012345-MRN 0012346,MRN [mrn]-MRN [mrn]",
        "HOSPITAL NO 0012345,HOSPITAL NO [mrn]",
        "219-09-9999 patient #0012345,[ssn] patient #[mrn]",
        "amount 0012345,amount 0012345"
    })
    void knowsALabelWhereverItStands(String text, String expected) {
        assertThat(masked(ALL, text)).isEqualTo(expected);
    }

    @Test
    void looksForNothingElseThanItIsAskedFor() {
        ContentNet cards = net(DETECTORS, "card");
        assertThat(masked(cards, "219-09-9999, 4111111111111111, ada@example.org"))
                .isEqualTo("219-09-9999, [card], ada@example.org");
        assertThat(cards.action(Detector.CARD)).isEqualTo(Action.ACTION_MASK);
        assertThat((Object) cards.action(Detector.SSN)).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "full-width digits,'\uff12\uff11\uff19-\uff10\uff19-\uff19\uff19\uff19\uff19','[ssn]'",
        "Arabic-Indic digits,'SSN \u0662\u0661\u0669-\u0660\u0669-\u0669\u0669\u0669\u0669.','SSN [ssn].'",
        "digits of mathematics,'\ud835\udff0\ud835\udfef\ud835\udff7-09-9999','[ssn]'",
        "dashes,'219\u201309\u20139999','[ssn]'",
        "a minus sign,'219\u221209\u22129999','[ssn]'",
        "no-break hyphens and spaces,'(503)\u00a0555\u20110199','[phone]'",
        "thin spaces,'4111\u20091111\u20091111\u20091111','[card]'",
        "zero-width spaces,'2\u200b19-0\u200b9-999\u200b9','[ssn]'",
        "joiners and marks of direction,'\u200e219\u2060-09-99\u200d99\u200f','\u200e[ssn]\u200f'",
        "soft hyphens,'219-\u00ad09-9999','[ssn]'",
        "combining marks,'2\u033219\u0332-09-9999','[ssn]'",
        "keycaps,'2\ufe0f\u20e319-09-9999','[ssn]'",
        "a middle dot,'SSN 219\u00b709\u00b79999','SSN [ssn]'",
        "a full-width at sign,'ada\uff20example\uff0eorg','[email]'",
        "letters of other scripts around it,'\u00e9219-09-9999\u00e9','\u00e9[ssn]\u00e9'",
        "an address with such letters,'zo\u00eb@ex\u00e4mple.org','[email]'",
    })
    void seesThrough(String what, String text, String expected) {
        assertThat(masked(ALL, text)).as(what).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "{\"note\": \"SSN 219-09-9999\"} | {\"note\": \"SSN [ssn]\"}",
                "{\"ssn\": 219099999, \"n\": 1} | {\"ssn\": \"[ssn]\", \"n\": 1}",
                "{\"ssn\": \"219099999\"} | {\"ssn\": \"[ssn]\"}",
                "{\"ssn\": -219099999e0} | {\"ssn\": \"[ssn]\"}",
                "{\"birthDate\": \"1956-03-12\"} | {\"birthDate\": \"[birth-date]\"}",
                "{\"patient\": {\"dateOfBirth\": \"1956-03-12\"}} | {\"patient\": {\"dateOfBirth\": \"[birth-date]\"}}",
                "{\"phone\": 5035550199} | {\"phone\": \"[phone]\"}",
                "{\"card\": 4111111111111111} | {\"card\": \"[card]\"}",
                "{\"mrn\": \"A1234567\"} | {\"mrn\": \"[mrn]\"}",
                "{\"a\\\"\": \"\\u0032\\u0031\\u0039-09-9999\"} | {\"a\\\"\": \"[ssn]\"}",
                "{\"a\": \"\\ud835\\udff0\\u0031\\u0039-09-9999\\n\"} | {\"a\": \"[ssn]\\n\"}",
                "{\"a\\\\\": \"ada@example.org\"} | {\"a\\\\\": \"[email]\"}",
                "[\"219-09-9999\",\"ada@example.org\"] | [\"[ssn]\",\"[email]\"]",
                "\"219-09-9999\" | \"[ssn]\"",
                "{\"219-09-9999\": null} | {\"[ssn]\": null}",
            })
    void leavesJsonWhole(String text, String expected) {
        assertThat(masked(ALL, text, Syntax.JSON)).isEqualTo(expected);
    }

    @Test
    void givesNoJsonWhereMarkupIsPartOfAFind() {
        Detectors detectors = new Detectors(new DetectionConfig("record\\W+\\d+"));
        Caught caught = look(net(detectors, "mrn"), "{\"record\": 12345}", Syntax.JSON);
        assertThat(caught).isNotNull();
        assertThat((Object) caught.masked()).isNull();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "<p>SSN 219-09-9999</p> | <p>SSN [ssn]</p>",
                "<p ssn=\"219-09-9999\"/> | <p ssn=\"[ssn]\"/>",
                "<p>&#50;&#x31;9-09-9999</p> | <p>[ssn]</p>",
                "<p>ada&#64;example.org &amp; co</p> | <p>[email] &amp; co</p>",
                "<p-219-09-9999/> | ",
                "<ssn>219099999</ssn> | <ssn>[ssn]</ssn>",
            })
    void leavesXmlWhole(String text, String expected) {
        Caught caught = look(ALL, text, Syntax.XML);
        assertThat(caught).isNotNull();
        byte[] masked = caught.masked();
        assertThat(masked == null ? null : new String(masked, StandardCharsets.UTF_8))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "'\\bH\\d{8}\\b',seen H00123456 today,seen [mrn] today",
        "'(?i)patient\\s+([a-z]{2}\\d{4})',Patient xy1234 was seen,Patient [mrn] was seen",
        "'\\d{3}/\\d{2}',219-09-9999 and 123/45,[ssn] and [mrn]",
        "'9-\\d{2}',219-09-9999,[ssn]",
        "'9999 \\d+',219-09-9999 12345 x,[ssn] x",
        "'[a-z]+',letters alone,letters alone",
        "'\\bH\\d{8}\\b',MRN 0012345 still counts,MRN [mrn] still counts",
    })
    void findsRecordNumbersByTheConfiguredPattern(String pattern, String text, String expected) {
        ContentNet net = net(new Detectors(new DetectionConfig(pattern)), "mrn", "ssn");
        assertThat(masked(net, text)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"(", "(?=lookahead)", "\\d*", "", "(a)\\1"})
    void refusesAPatternThatIsNone(String pattern) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new DetectionConfig(pattern))
                .withMessageContaining("mrn-pattern");
        assertThatIllegalArgumentException().isThrownBy(() -> new DetectionConfig("x".repeat(501)));
    }

    @Test
    void starsAreNoLongerThanWhatTheyReplace() {
        Caught caught = look(ALL, "a 219-09-9999 \uff12\uff11\uff19-09-9999", Syntax.PLAIN);
        assertThat(caught).isNotNull();
        assertThat(new String(caught.starred(), StandardCharsets.UTF_8)).isEqualTo("a *********** ***********");
    }

    @Test
    void theStrictestActionOfWhatIsFoundCounts() {
        ContentNet net = DETECTORS.of(List.of(
                detect(Action.ACTION_MASK, "ssn", "email"),
                detect(Action.ACTION_REDACT, "email"),
                detect(Action.ACTION_DENY, "card"),
                detect(Action.ACTION_UNSPECIFIED, "phone", "card")));
        assertThat(net).isNotNull();
        assertThat(action(net, "219-09-9999")).isEqualTo(Action.ACTION_MASK);
        assertThat(action(net, "(503) 555-0199")).isEqualTo(Action.ACTION_MASK);
        assertThat(action(net, "219-09-9999 a@example.org")).isEqualTo(Action.ACTION_REDACT);
        assertThat(action(net, "4111111111111111 a@example.org")).isEqualTo(Action.ACTION_DENY);
    }

    @Test
    void refusesWhatItDoesNotKnow() {
        assertThat((Object) DETECTORS.of(List.of())).isNull();
        for (Detect unknown : List.of(
                detect(Action.ACTION_MASK, "ssn", "dna"),
                detect(Action.ACTION_MASK),
                Detect.newBuilder().addDetectors("ssn").setActionValue(99).build())) {
            assertThatExceptionOfType(EnforcementException.class)
                    .isThrownBy(() -> DETECTORS.of(List.of(unknown)))
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.OBLIGATION_UNFULFILLABLE));
        }
    }

    @Test
    void countsByDetector() {
        FindCounts tally = new FindCounts();
        assertThat(tally.isEmpty()).isTrue();
        Caught caught = look(ALL, "219-09-9999 219-09-9998 a@example.org", Syntax.PLAIN);
        assertThat(caught).isNotNull();
        tally.add(caught.hits());
        assertThat(tally.byName()).containsExactlyInAnyOrderEntriesOf(Map.of("ssn", 2L, "email", 1L));
        tally.clear();
        assertThat(tally.isEmpty()).isTrue();
        assertThat(tally.byName()).isEmpty();
    }

    static Detect detect(Action action, String... detectors) {
        return Detect.newBuilder()
                .setAction(action)
                .addAllDetectors(List.of(detectors))
                .build();
    }

    static ContentNet net(Detectors detectors, String... names) {
        ContentNet net = detectors.of(List.of(detect(Action.ACTION_MASK, names)));
        assertThat(net).isNotNull();
        return net;
    }

    private static Action action(ContentNet net, String text) {
        Caught caught = look(net, text, Syntax.PLAIN);
        assertThat(caught).isNotNull();
        return caught.action();
    }

    static @Nullable Caught look(ContentNet net, String text, Syntax syntax) {
        // Something on both sides that is not part of it, and would join what is found.
        byte[] bytes = ("1" + text + "1").getBytes(StandardCharsets.UTF_8);
        return net.look(bytes, 1, bytes.length - 1, syntax);
    }

    static String masked(ContentNet net, String text) {
        return masked(net, text, Syntax.PLAIN);
    }

    static String masked(ContentNet net, String text, Syntax syntax) {
        Caught caught = look(net, text, syntax);
        byte[] masked = caught == null ? text.getBytes(StandardCharsets.UTF_8) : caught.masked();
        assertThat(masked).isNotNull();
        return new String(masked, StandardCharsets.UTF_8);
    }
}
