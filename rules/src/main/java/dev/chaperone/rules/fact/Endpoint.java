package dev.chaperone.rules.fact;

/**
 * The endpoint of an HTTP operation.
 *
 * @param host host the client asked for, lower case
 * @param method HTTP method, upper case
 * @param route the route template that the path matched
 * @param responseFields how many fields the enforcer expects in the response
 */
public record Endpoint(
        @Readable("resource.endpoint") String host,
        @Readable("resource.endpoint") String method,
        @Readable("resource.endpoint") String route,
        @Readable("resource.endpoint") int responseFields)
        implements Fact, Target {
    @Override
    public String label() {
        return method + " " + host + route;
    }
}
