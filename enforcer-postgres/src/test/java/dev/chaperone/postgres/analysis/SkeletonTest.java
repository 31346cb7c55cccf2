package dev.chaperone.postgres.analysis;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SkeletonTest {

    @Test
    void plainLiteralsStandForThemselves() {
        Skeleton skeleton = skeleton("select a from t where b = 'O''Hara' and c = 42;");
        assertThat(values(skeleton)).containsExactly("O'Hara", "42");
        assertThat(skeleton.parameterised(new BitSet())).isEqualTo("select a from t where b = $1 and c = $2");
        assertThat(skeleton.shape())
                .isEqualTo(skeleton("select a from t where b = 'x' and c = 1").shape());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select 'a'\n'b'",
                "select 'a'\n'b''c'",
                "select e'a\\x41'",
                "select $$a$$",
                "select 12345678901",
                "select 1.5",
                "select 0x1f",
                "select U&'\\0041'"
            })
    void whatIsMoreThanItsCharactersIsPartOfTheText(String sql) {
        assertThat(values(skeleton(sql))).isEmpty();
    }

    @Test
    void textsThatDifferInMoreThanLiteralsHaveOtherShapes() {
        assertThat(skeleton("select 1 from t").shape())
                .isNotEqualTo(skeleton("select '1' from t").shape())
                .isNotEqualTo(skeleton("select 1  from t").shape());
    }

    @Test
    void whatIsNoSingleQueryHasNone() {
        assertThat(Skeleton.of("select 1; select 2")).isNull();
        assertThat(Skeleton.of("select $1")).isNull();
        assertThat(Skeleton.of("delete from t where a = 1")).isNull();
    }

    private static Skeleton skeleton(String sql) {
        return Objects.requireNonNull(Skeleton.of(sql));
    }

    private static List<String> values(Skeleton skeleton) {
        List<String> values = new ArrayList<>();
        for (int i = 0; i < skeleton.literals().size(); i++) {
            values.add(skeleton.value(i));
        }
        return values;
    }
}
