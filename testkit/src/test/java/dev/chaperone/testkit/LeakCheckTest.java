package dev.chaperone.testkit;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.PooledByteBufAllocator;
import io.netty.buffer.UnpooledByteBufAllocator;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class LeakCheckTest {

    static Stream<ByteBufAllocator> allocators() {
        return Stream.of(ByteBufAllocator.DEFAULT, PooledByteBufAllocator.DEFAULT, UnpooledByteBufAllocator.DEFAULT);
    }

    @ParameterizedTest
    @MethodSource("allocators")
    void seesWhatIsNotReleasedAndNothingElse(ByteBufAllocator allocator) {
        assertThat(LeakCheck.leaks()).isEmpty();
        use(allocator, true);
        assertThat(LeakCheck.leaks()).isEmpty();
        use(allocator, false);
        assertThat(LeakCheck.leaks())
                .singleElement()
                .asString()
                .contains("ByteBuf", "was not released", "LeakCheckTest.use");
        assertThat(LeakCheck.leaks()).as("it is told once").isEmpty();
    }

    private static void use(ByteBufAllocator allocator, boolean release) {
        ByteBuf buffer = allocator.directBuffer(16).writeInt(1);
        if (release) {
            buffer.release();
        }
    }
}
