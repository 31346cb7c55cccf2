package dev.chaperone.pdp.console;

import dev.chaperone.pdp.console.DeskException.Problem;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** Refuses what a person's roles do not allow. */
final class RoleGuard {

    private RoleGuard() {}

    /** Lets through who has one of the roles. */
    static void require(Person person, Role... roles) {
        if (Arrays.stream(roles).noneMatch(person::is)) {
            throw new DeskException(
                    Problem.FORBIDDEN,
                    "this takes one of the roles "
                            + List.of(roles).stream()
                                    .map(role -> role.name().toLowerCase(Locale.ROOT))
                                    .collect(Collectors.joining(", "))
                            + ", which none of your groups gives you");
        }
    }
}
