package dev.chaperone.enforcer;

import static dev.chaperone.enforcer.DecisionRequests.request;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.chaperone.decision.v1.Action;
import dev.chaperone.decision.v1.DecideRequest;
import dev.chaperone.decision.v1.Principal;
import dev.chaperone.decision.v1.Resource;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class DecisionKeysTest {

    private final DecisionKeys keys = new DecisionKeys();

    static Stream<FieldDescriptor> fieldsThatRulesMayRead() {
        return Stream.of(Principal.getDescriptor(), Action.getDescriptor(), Resource.getDescriptor())
                .flatMap(type -> type.getFields().stream())
                .filter(field -> !field.getContainingType().equals(Principal.getDescriptor())
                        || !DecisionDependencies.TOKEN_FIELDS.contains(field.getNumber()));
    }

    /** Holds for fields that the contract gains later too, because it asks the contract for its fields. */
    @ParameterizedTest
    @MethodSource("fieldsThatRulesMayRead")
    void everyFieldThatRulesMayReadMakesAnotherKey(FieldDescriptor field) {
        assertThat(key(changed(request(), field))).isNotEqualTo(key(request()));
    }

    @ParameterizedTest
    @MethodSource("fieldsOfTheToken")
    void aFieldOfTheTokenMakesAnotherKeyOnlyWhenARuleReadsIt(FieldDescriptor field) {
        DecisionDependencies token = DecisionDependencies.NONE.with(List.of("principal." + field.getName()));
        DecideRequest.Builder changed = changed(request(), field);

        assertThat(key(changed).a()).isEqualTo(key(request()).a());
        assertThat(token).isNotNull();
        assertThat(keys.key(changed.build(), token))
                .isNotEqualTo(keys.key(request().build(), token));
    }

    static Stream<FieldDescriptor> fieldsOfTheToken() {
        return DecisionDependencies.TOKEN_FIELDS.stream().map(Principal.getDescriptor()::findFieldByNumber);
    }

    @ParameterizedTest
    @MethodSource("seeds")
    void theOrderOfAMapMakesNoDifference(long seed) {
        Random random = new Random(seed);
        Map<String, String> claims = new LinkedHashMap<>();
        IntStream.range(0, 20).forEach(i -> claims.put("claim-" + random.nextInt(1_000), "value-" + i));
        List<String> shuffled = new ArrayList<>(claims.keySet());
        Collections.shuffle(shuffled, random);
        DecideRequest.Builder one = request();
        DecideRequest.Builder other = request();
        claims.forEach(one.getPrincipalBuilder()::putClaims);
        shuffled.forEach(claim -> other.getPrincipalBuilder().putClaims(claim, claims.get(claim)));

        assertThat(key(other)).isEqualTo(key(one));
    }

    static LongStream seeds() {
        return LongStream.range(0, 20);
    }

    @Test
    void whatMovesFromOneMessageToTheNextMakesAnotherKey() {
        DecideRequest none = DecideRequest.getDefaultInstance();
        DecideRequest inAction =
                none.toBuilder().setAction(Action.newBuilder().setProtocol("x")).build();
        DecideRequest inResource = none.toBuilder()
                .setResource(Resource.newBuilder().setUpstream("x"))
                .build();

        assertThat(keys.key(inAction, DecisionDependencies.NONE))
                .isNotEqualTo(keys.key(inResource, DecisionDependencies.NONE));
    }

    private DecisionKeys.Key key(DecideRequest.Builder request) {
        return keys.key(request.build(), DecisionDependencies.NONE);
    }

    private static DecideRequest.Builder changed(DecideRequest.Builder request, FieldDescriptor field) {
        FieldDescriptor part = DecideRequest.getDescriptor().getFields().stream()
                .filter(candidate -> candidate.getJavaType() == FieldDescriptor.JavaType.MESSAGE
                        && candidate.getMessageType().equals(field.getContainingType()))
                .findFirst()
                .orElseThrow();
        Message.Builder message = ((Message) request.getField(part)).toBuilder();
        change(message, field);
        return request.setField(part, message.build());
    }

    private static void change(Message.Builder message, FieldDescriptor field) {
        if (field.isMapField()) {
            Message.Builder entry = message.newBuilderForField(field);
            entry.getDescriptorForType().getFields().forEach(part -> entry.setField(part, "changed"));
            message.addRepeatedField(field, entry.build());
        } else if (field.isRepeated()) {
            message.addRepeatedField(field, another(message, field, null));
        } else {
            message.setField(field, another(message, field, message.getField(field)));
        }
    }

    private static Object another(Message.Builder message, FieldDescriptor field, @Nullable Object old) {
        return switch (field.getJavaType()) {
            case STRING -> "changed";
            case BOOLEAN -> !Boolean.TRUE.equals(old);
            case INT -> 4_711;
            case LONG -> 4_711L;
            case BYTE_STRING -> ByteString.copyFromUtf8("changed");
            case ENUM ->
                field.getEnumType()
                        .getValues()
                        .get(field.getEnumType().getValues().size() - 1);
            case MESSAGE -> {
                Message.Builder value = message.newBuilderForField(field);
                change(value, value.getDescriptorForType().getFields().get(0));
                yield value.build();
            }
            case FLOAT, DOUBLE -> throw new AssertionError("the contract has no such field: " + field);
        };
    }
}
