package dev.chaperone.postgres.masking;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.chaperone.decision.v1.Detect;
import dev.chaperone.enforcer.EnforcementException;
import dev.chaperone.enforcer.MaskingFunction;
import dev.chaperone.enforcer.Replacement;
import dev.chaperone.enforcer.Value;
import dev.chaperone.enforcer.detect.ContentNet;
import dev.chaperone.enforcer.detect.DetectionConfig;
import dev.chaperone.enforcer.detect.Detector;
import dev.chaperone.enforcer.detect.Detectors;
import dev.chaperone.enforcer.detect.FindCounts;
import dev.chaperone.enforcer.detect.Hit;
import dev.chaperone.proto.ErrorCode;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class CopyMaskerTest {

    private static final int MAX_FIELD = 1000;

    /** Awkward to write in both formats of lines. */
    private static final MaskingFunction AWKWARD = value ->
            value instanceof Value.Text text ? new Value.Text("<" + text.value().length() + "\"\\,|\t\n>") : Value.NULL;

    private static final MaskingFunction REDACT = new Replacement("[redacted]");

    @Test
    void masksFormatText() {
        assertThat(masked(CopyFormat.text(), 3, "1\tJane\\tRoe\t\\N\n2\t\\N\tx\n"))
                .isEqualTo("1\t[redacted]\t\\N\n2\t\\N\tx\n");
    }

    @Test
    void masksFormatCsv() {
        assertThat(masked(CopyFormat.csv(), 3, "1,\"Roe, \"\"Jane\"\"\n\",\n2,,x\n3,\"\",\"a\nb\"\n"))
                .isEqualTo("1,[redacted],\n2,,x\n3,[redacted],\"a\nb\"\n");
    }

    @Test
    void passesTheHeader() {
        CopyFormat csv = CopyFormat.of(Map.of("format", "csv", "header", "true"), List.of("id", "name"));
        assertThat(masked(csv, 2, "id,\"na,me\"\n1,Jane\n")).isEqualTo("id,\"na,me\"\n1,[redacted]\n");
        CopyFormat text = CopyFormat.of(Map.of("header", "on"), List.of("id", "name"));
        assertThat(masked(text, 2, "id\tname\n1\tJane\n")).isEqualTo("id\tname\n1\t[redacted]\n");
    }

    @Test
    void quotesWhatTheOptionsSay() {
        Map<String, String> options =
                Map.of("format", "csv", "delimiter", "|", "quote", "'", "escape", "/", "null", "-", "force_quote", "*");
        CopyFormat format = CopyFormat.of(options, List.of("id", "name"));
        assertThat(format.forceQuoted()).containsExactlyInAnyOrder(0, 1);
        assertThat(masked(format, 2, "'1'|'O/'Roe//'\n'2'|-\n")).isEqualTo("'1'|'[redacted]'\n'2'|-\n");
        CopyFormat named =
                CopyFormat.of(Map.of("format", "csv", "force_quote", "ID, \"Na\"\"me\""), List.of("id", "Na\"me"));
        assertThat(named.forceQuoted()).containsExactlyInAnyOrder(0, 1);
    }

    @Test
    void quotesAMaskThatWouldReadAsNullOrAsTheEnd() {
        CopyFormat format = CopyFormat.of(Map.of("format", "csv", "null", "[redacted]"), List.of("a", "b"));
        assertThat(masked(format, 2, "1,x\n2,[redacted]\n3,\"[redacted]\"\n"))
                .isEqualTo("1,\"[redacted]\"\n2,[redacted]\n3,\"[redacted]\"\n");
        StringBuilder out = new StringBuilder();
        RowMask plan = new RowMask(1, Map.of(0, mask(new Replacement("\\."), 0)));
        feed(CopyMasker.of(CopyFormat.csv(), plan, MAX_FIELD, OriginalsCollector.NONE), "x\n", 100, new Random(1), out);
        assertThat(out).hasToString("\"\\.\"\n");
    }

    @Test
    void searchesWhatNoMaskCovers() {
        assertThat(searched(
                        "text", "1\t\\N\tx\\\\y\\t\n2\tSSN 219-09-9999\\n\ta@b.org\n", "SSN 219-09-9999\n", "a@b.org"))
                .isEqualTo("1\t\\N\tx\\\\y\\t\n2\tSSN [ssn]\\n\t[email]\n");
        assertThat(searched("csv", "1,,\"x,y\"\n2,\"SSN 219-09-9999, \",\"\"\n", "SSN 219-09-9999, "))
                .isEqualTo("1,,\"x,y\"\n2,\"SSN [ssn], \",\"\"\n");
    }

    private static String searched(String format, String copied, String... expected) {
        CopyFormat of = CopyFormat.of(Map.of("format", format), List.of("a", "b", "c"));
        FindCounts tally = new FindCounts();
        List<String> replaced = new ArrayList<>();
        OriginalsCollector originals = new OriginalsCollector() {
            @Override
            public void original(long row, int column, String field, ByteBuf source, int index, int length) {
                replaced.add(source.toString(index, length, StandardCharsets.UTF_8));
            }

            @Override
            public void found(List<Hit> finds) {
                tally.add(finds);
            }
        };
        StringBuilder out = new StringBuilder();
        RowMask plan = new RowMask(3, Map.of(), Map.of(1, net(), 2, net()));
        feed(CopyMasker.of(of, plan, MAX_FIELD, originals), copied, 3, new Random(1), out);
        assertThat(replaced).containsExactly(expected);
        assertThat(tally.byName().values().stream().mapToLong(Long::longValue).sum())
                .isEqualTo(expected.length);
        return out.toString();
    }

    private static ColumnNet net() {
        Detect all = Detect.newBuilder().addAllDetectors(Detector.names()).build();
        ContentNet net = new Detectors(DetectionConfig.DEFAULT).of(List.of(all));
        assertThat(net).isNotNull();
        return new ColumnNet("clinic.public.notes.note", net, TypeOids.TEXT, -1, 0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"900-12-3456", "x", "\\x", "\\"})
    void refusesANullTextThatAMaskedValueMayBe(String text) {
        CopyFormat format = CopyFormat.of(Map.of("null", text), List.of("a", "b"));
        RowMask plan = new RowMask(2, Map.of(1, mask(REDACT, 0)));
        assertThatExceptionOfType(EnforcementException.class)
                .isThrownBy(() -> CopyMasker.of(format, plan, MAX_FIELD, OriginalsCollector.NONE))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.OBLIGATION_UNFULFILLABLE));
    }

    @Test
    void takesAnEmptyNullText() {
        CopyFormat format = CopyFormat.of(Map.of("null", ""), List.of("a", "b"));
        assertThat(masked(format, 2, "1\t\n\tx\n")).isEqualTo("1\t\n\t[redacted]\n");
    }

    @ParameterizedTest
    @CsvSource({"encoding, sjis", "format, json", "delimiter, ab", "header, match", "quote, é", "reject_limit, 3"})
    void refusesOptionsThatItDoesNotKnow(String name, String value) {
        Map<String, String> options = new HashMap<>(Map.of("format", "csv"));
        options.put(name, value);
        assertThatExceptionOfType(EnforcementException.class)
                .isThrownBy(() -> CopyFormat.of(options, List.of("a")))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.UNSUPPORTED));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1\n",
                "1\t2\t3\n",
                "1\t\\.\n",
                "1\ta\\N\n",
                "1\t\\Na\n",
                "1\t\\N\\N\n",
                "1\ta\rb\n",
                "1\ta\\qb\n",
                "1\t2",
                "1\t",
                "1\ta\\",
                "\n",
            })
    void refusesWhatIsNotFormatText(String data) {
        refuses(CopyFormat.text(), data);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1\n",
                "1,2,3\n",
                "1,a\"b\n",
                "1,\"a\"b\n",
                "1,\"a\" \n",
                "1,a\rb\n",
                "1,\"a\n",
                "1,2",
                "1,",
                "\n",
            })
    void refusesWhatIsNotCsv(String data) {
        refuses(CopyFormat.csv(), data);
    }

    @Test
    void refusesWhatIsNotFormatBinary() {
        String header = "PGCOPY\n\u00ff\r\n\0\0\0\0\0\0\0\0\0";
        String trailer = "\u00ff\u00ff";
        refuses(CopyFormat.binary(), "");
        refuses(CopyFormat.binary(), header);
        refuses(CopyFormat.binary(), "PGCOPY\n\u00ff\r\n\0\0\u0001\0\0\0\0\0\0" + trailer);
        refuses(CopyFormat.binary(), "PGCOPY\n\u00ff\r\n\0\0\0\0\0\0\0\0\u0001x" + trailer);
        refuses(CopyFormat.binary(), header + trailer + "x");
        refuses(CopyFormat.binary(), header + "\0\u0001\u00ff\u00ff\u00ff\u00ff" + trailer);
        refuses(CopyFormat.binary(), header + "\0\u0002\u00ff\u00ff\u00ff\u00fe");
        refuses(CopyFormat.binary(), header + "\0\u0002\0\0\0\u0001a\u00ff\u00ff\u00ff");
    }

    @Test
    void boundsMaskedValuesAndNoOthers() {
        String longest = "x".repeat(MAX_FIELD);
        assertThat(masked(CopyFormat.text(), 2, longest + longest + "\t" + longest + "\n"))
                .isEqualTo(longest + longest + "\t[redacted]\n");
        for (CopyFormat format : List.of(CopyFormat.text(), CopyFormat.csv())) {
            String delimiter = String.valueOf((char) format.delimiter());
            assertThatExceptionOfType(EnforcementException.class)
                    .isThrownBy(() -> masked(format, 2, "1" + delimiter + longest + "x"))
                    .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.LIMIT_EXCEEDED));
        }
        // Refused by its announced length, before any of it has come.
        String header = "PGCOPY\n\u00ff\r\n\0\0\0\0\0\0\0\0\0";
        assertThatExceptionOfType(EnforcementException.class)
                .isThrownBy(
                        () -> masked(CopyFormat.binary(), 2, header + "\0\u0002\u00ff\u00ff\u00ff\u00ff\u007f\0\0\0"))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.LIMIT_EXCEEDED));
    }

    @Test
    void keepsOriginalsAndCounts() {
        List<String> kept = new ArrayList<>();
        RowMask plan = new RowMask(2, Map.of(1, mask(REDACT, 0)));
        CopyMasker masker = CopyMasker.of(
                CopyFormat.text(),
                plan,
                MAX_FIELD,
                (row, column, field, source, index, length) -> kept.add(row + ":" + column + ":" + field + ":"
                        + source.toString(index, length, StandardCharsets.UTF_8)));
        feed(masker, "1\ta\\tb\n2\t\\N\n3\tc\n", 2, new Random(1), new StringBuilder());
        masker.end();
        assertThat(kept).containsExactly("0:1:clinic.public.p.c:a\tb", "2:1:clinic.public.p.c:c");
        assertThat(masker.rows()).isEqualTo(3);
        assertThat(masker.maskedValues()).isEqualTo(2);
    }

    @Test
    void givesARowForARow() {
        RowMask plan = new RowMask(2, Map.of(1, mask(REDACT, 0)));
        CopyMasker masker = CopyMasker.of(CopyFormat.csv(), plan, MAX_FIELD, OriginalsCollector.NONE);
        for (int i = 0; i < 3; i++) {
            StringBuilder out = new StringBuilder();
            feed(masker, i + ",secret\n", Integer.MAX_VALUE, new Random(1), out);
            assertThat(out).hasToString(i + ",[redacted]\n");
        }
    }

    /** Whatever the rows and however they are cut, the outcome is that of masking the values and writing them. */
    @ParameterizedTest
    @EnumSource(CopyFormat.Kind.class)
    void doesNotDependOnHowTheStreamIsCut(CopyFormat.Kind kind) {
        Random random = new Random(kind.ordinal());
        for (int round = 0; round < 400; round++) {
            CopyFormat format = format(kind, random);
            int columns = random.nextInt(5);
            Map<Integer, ColumnMask> masks = new HashMap<>();
            for (int column = 0; column < columns; column++) {
                if (random.nextBoolean()) {
                    masks.put(
                            column,
                            mask(random.nextBoolean() ? AWKWARD : REDACT, kind == CopyFormat.Kind.BINARY ? 1 : 0));
                }
            }
            if (kind == CopyFormat.Kind.TEXT
                    && !masks.isEmpty()
                    && !format.nullText().equals("\\N")) {
                continue;
            }
            List<@Nullable String[]> rows = rows(columns, random);
            StringBuilder out = new StringBuilder();
            CopyMasker masker = CopyMasker.of(format, new RowMask(columns, masks), MAX_FIELD, OriginalsCollector.NONE);
            feed(masker, CopyWriter.write(format, rows), 1 + random.nextInt(40), random, out);
            masker.end();
            assertThat(out.toString()).as("%s", format).isEqualTo(CopyWriter.write(format, masked(rows, masks)));
            assertThat(masker.rows()).isEqualTo(rows.size());
        }
    }

    @Test
    void damagedLinesDoNotShowWhatFollows() {
        Random random = new Random(7);
        CopyFormat format = CopyFormat.text();
        RowMask plan = new RowMask(2, Map.of(0, mask(REDACT, 0)));
        List<@Nullable String[]> rows = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            rows.add(new String[] {"Jane Roe", "public"});
        }
        String good = CopyWriter.write(format, rows);
        for (int round = 0; round < 2000; round++) {
            StringBuilder bad = new StringBuilder(good);
            bad.setCharAt(random.nextInt(bad.length()), (char) random.nextInt(256));
            StringBuilder out = new StringBuilder();
            try {
                feed(CopyMasker.of(format, plan, MAX_FIELD, OriginalsCollector.NONE), bad.toString(), 8, random, out);
            } catch (EnforcementException e) {
                assertThat(e.code()).isIn(ErrorCode.UPSTREAM_MISMATCH, ErrorCode.LIMIT_EXCEEDED);
            }
            // One damaged byte may move a border by one field: what is then masked is another value, at most once.
            assertThat(out.toString().split("Jane Roe", -1).length).isLessThanOrEqualTo(2);
        }
    }

    private static List<@Nullable String[]> rows(int columns, Random random) {
        List<@Nullable String[]> rows = new ArrayList<>();
        for (int row = random.nextInt(6); row > 0; row--) {
            @Nullable String[] cells = new @Nullable String[columns];
            for (int column = 0; column < columns; column++) {
                cells[column] = random.nextInt(5) == 0 ? null : cell(random);
            }
            rows.add(cells);
        }
        return rows;
    }

    private static String cell(Random random) {
        StringBuilder cell = new StringBuilder();
        for (int i = random.nextInt(10); i > 0; i--) {
            cell.append("ab1\\N.,|\t\n\r\"'\b\u000b\u00e9/\u0001 ".charAt(random.nextInt(19)));
        }
        return cell.toString();
    }

    private static List<@Nullable String[]> masked(List<@Nullable String[]> rows, Map<Integer, ColumnMask> masks) {
        List<@Nullable String[]> masked = new ArrayList<>();
        for (@Nullable String[] row : rows) {
            @Nullable String[] cells = row.clone();
            masks.forEach((column, mask) -> {
                String cell = cells[column];
                if (cell != null) {
                    Value value = mask.function().apply(new Value.Text(cell));
                    cells[column] = value instanceof Value.Text text ? text.value() : null;
                }
            });
            masked.add(cells);
        }
        return masked;
    }

    private static CopyFormat format(CopyFormat.Kind kind, Random random) {
        Set<Integer> forced = random.nextBoolean() ? Set.of(0, 2) : Set.of();
        switch (kind) {
            case TEXT:
                return new CopyFormat(
                        kind, false, (byte) "\t|,".charAt(random.nextInt(3)), "\\N", (byte) '"', (byte) '"', Set.of());
            case CSV:
                byte quote = (byte) "\"'1".charAt(random.nextInt(3));
                byte escape = random.nextBoolean() ? quote : (byte) "\\/a".charAt(random.nextInt(3));
                String nullText = List.of("", "\\N", "ab", "[redacted]").get(random.nextInt(4));
                return new CopyFormat(
                        kind, false, (byte) ",|\t".charAt(random.nextInt(3)), nullText, quote, escape, forced);
            default:
                return CopyFormat.binary();
        }
    }

    private static ColumnMask mask(MaskingFunction function, int format) {
        return new ColumnMask("clinic.public.p.c", function, TypeOids.TEXT, -1, format);
    }

    /** Masks the second column. */
    private static String masked(CopyFormat format, int columns, String data) {
        int binary = format.kind() == CopyFormat.Kind.BINARY ? 1 : 0;
        RowMask plan = new RowMask(columns, Map.of(1, mask(REDACT, binary)));
        StringBuilder out = new StringBuilder();
        CopyMasker masker = CopyMasker.of(format, plan, MAX_FIELD, OriginalsCollector.NONE);
        feed(masker, data, 3, new Random(1), out);
        masker.end();
        return out.toString();
    }

    private static void refuses(CopyFormat format, String data) {
        assertThatExceptionOfType(EnforcementException.class)
                .isThrownBy(() -> masked(format, 2, data))
                .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.UPSTREAM_MISMATCH));
    }

    private static void feed(CopyMasker masker, String data, int longest, Random random, StringBuilder sink) {
        byte[] bytes = data.getBytes(StandardCharsets.ISO_8859_1);
        ByteBuf out = Unpooled.buffer();
        for (int at = 0; at < bytes.length; ) {
            int length = longest == Integer.MAX_VALUE
                    ? bytes.length
                    : Math.min(bytes.length - at, random.nextInt(longest) + 1);
            ByteBuf payload = Unpooled.wrappedBuffer(bytes, at, length);
            masker.mask(payload, out.clear());
            assertThat(payload.isReadable()).isFalse();
            sink.append(out.toString(StandardCharsets.ISO_8859_1));
            at += length;
        }
    }
}
