package dev.chaperone.pdp.console;

import java.util.Set;

/**
 * Who is signed in, as the provider vouched for them.
 *
 * @param issuer the provider
 * @param subject who, by the id token's {@code sub}
 * @param name how they like to be called; their subject where the provider does not say
 * @param groups groups that they are in
 * @param roles what that makes of them here
 */
public record Person(String issuer, String subject, String name, Set<String> groups, Set<Role> roles) {

    public Person {
        if (issuer.isBlank() || subject.isBlank()) {
            throw new IllegalArgumentException("a person has an issuer and a subject");
        }
        groups = Set.copyOf(groups);
        roles = Set.copyOf(roles);
    }

    /** Whether they have that role. */
    public boolean is(Role role) {
        return roles.contains(role);
    }
}
