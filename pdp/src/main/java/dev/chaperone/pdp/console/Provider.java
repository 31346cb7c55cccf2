package dev.chaperone.pdp.console;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import com.nimbusds.oauth2.sdk.AuthorizationCode;
import com.nimbusds.oauth2.sdk.AuthorizationCodeGrant;
import com.nimbusds.oauth2.sdk.GeneralException;
import com.nimbusds.oauth2.sdk.ParseException;
import com.nimbusds.oauth2.sdk.ResponseType;
import com.nimbusds.oauth2.sdk.Scope;
import com.nimbusds.oauth2.sdk.TokenRequest;
import com.nimbusds.oauth2.sdk.TokenResponse;
import com.nimbusds.oauth2.sdk.auth.ClientSecretBasic;
import com.nimbusds.oauth2.sdk.auth.Secret;
import com.nimbusds.oauth2.sdk.http.HTTPRequest;
import com.nimbusds.oauth2.sdk.id.ClientID;
import com.nimbusds.oauth2.sdk.id.Issuer;
import com.nimbusds.oauth2.sdk.id.State;
import com.nimbusds.oauth2.sdk.pkce.CodeChallengeMethod;
import com.nimbusds.oauth2.sdk.pkce.CodeVerifier;
import com.nimbusds.oauth2.sdk.token.AccessToken;
import com.nimbusds.openid.connect.sdk.AuthenticationRequest;
import com.nimbusds.openid.connect.sdk.LogoutRequest;
import com.nimbusds.openid.connect.sdk.Nonce;
import com.nimbusds.openid.connect.sdk.OIDCTokenResponse;
import com.nimbusds.openid.connect.sdk.OIDCTokenResponseParser;
import com.nimbusds.openid.connect.sdk.UserInfoRequest;
import com.nimbusds.openid.connect.sdk.UserInfoResponse;
import com.nimbusds.openid.connect.sdk.claims.ClaimsSet;
import com.nimbusds.openid.connect.sdk.claims.IDTokenClaimsSet;
import com.nimbusds.openid.connect.sdk.claims.UserInfo;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import com.nimbusds.openid.connect.sdk.validators.IDTokenValidator;
import dev.chaperone.pdp.console.DeskException.Problem;
import java.io.IOException;
import java.net.URI;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The OIDC provider: sends people there, and learns from it who they are. Looks at it when it is first needed. */
final class Provider {

    private static final int MAX_KEYS_BYTES = 256 << 10;
    private static final Set<JWSAlgorithm> ALGORITHMS = Set.of(
            JWSAlgorithm.RS256,
            JWSAlgorithm.RS384,
            JWSAlgorithm.RS512,
            JWSAlgorithm.PS256,
            JWSAlgorithm.PS384,
            JWSAlgorithm.PS512,
            JWSAlgorithm.ES256,
            JWSAlgorithm.ES384,
            JWSAlgorithm.ES512);

    private final ConsoleConfig.SignIn config;
    private final ConsoleConfig.Roles roles;
    private @Nullable Known known;

    Provider(ConsoleConfig.SignIn config, ConsoleConfig.Roles roles) {
        this.config = config;
        this.roles = roles;
    }

    /**
     * A sign-in that has begun.
     *
     * @param state what the provider sends back
     * @param nonce what the id token must carry
     * @param verifier what only who began can say
     */
    record Attempt(State state, Nonce nonce, CodeVerifier verifier) {

        static Attempt begin() {
            return new Attempt(new State(32), new Nonce(32), new CodeVerifier());
        }

        @Override
        public String toString() {
            return "Attempt[***]";
        }
    }

    /**
     * Somebody who has signed in.
     *
     * @param person who
     * @param access what the provider answers for, when it is asked again
     */
    record SignedIn(Person person, AccessToken access) {

        @Override
        public String toString() {
            return "SignedIn[" + person.subject() + "]";
        }
    }

    private record Known(OIDCProviderMetadata metadata, IDTokenValidator validator) {}

    /** The issuer. */
    String issuer() {
        return config.issuer().toString();
    }

    /** Where the browser goes to sign in. */
    URI authorization(Attempt attempt, URI callback) {
        return new AuthenticationRequest.Builder(
                        ResponseType.CODE,
                        new Scope(config.scopes().toArray(String[]::new)),
                        new ClientID(config.clientId()),
                        callback)
                .endpointURI(known().metadata().getAuthorizationEndpointURI())
                .state(attempt.state())
                .nonce(attempt.nonce())
                .codeChallenge(attempt.verifier(), CodeChallengeMethod.S256)
                .build()
                .toURI();
    }

    /**
     * Where a browser leaves the provider, too, and comes back to that page from; null where the provider has no such place. It
     * names us, not the person: no token goes into an address.
     */
    @Nullable
    URI leaving(URI back) {
        try {
            URI endpoint = known().metadata().getEndSessionEndpointURI();
            return endpoint == null
                    ? null
                    : new LogoutRequest(endpoint, null, null, new ClientID(config.clientId()), back, null, null)
                            .toURI();
        } catch (DeskException e) {
            // Whoever signs out is out here, whatever the provider does.
            return null;
        }
    }

    /** Redeems a code, and says who has signed in. */
    SignedIn redeem(String code, Attempt attempt, URI callback) {
        Known provider = known();
        try {
            HTTPRequest request = tokenRequest(
                            provider.metadata().getTokenEndpointURI(),
                            new AuthorizationCodeGrant(new AuthorizationCode(code), callback, attempt.verifier()))
                    .toHTTPRequest();
            request.setConnectTimeout(millis());
            request.setReadTimeout(millis());
            TokenResponse response = OIDCTokenResponseParser.parse(request.send());
            if (!(response instanceof OIDCTokenResponse tokens)) {
                String error = response.toErrorResponse().getErrorObject().getCode();
                throw new DeskException(
                        Problem.UNKNOWN_PERSON, "the provider does not confirm that sign-in (`" + error + "`)");
            }
            IDTokenClaimsSet claims =
                    provider.validator().validate(tokens.getOIDCTokens().getIDToken(), attempt.nonce());
            return new SignedIn(person(claims), tokens.getOIDCTokens().getAccessToken());
        } catch (ParseException e) {
            throw new DeskException(Problem.UNAVAILABLE, "the provider's answer cannot be read: " + e.getMessage());
        } catch (BadJOSEException e) {
            throw new DeskException(Problem.UNKNOWN_PERSON, "the provider's id token does not hold: " + e.getMessage());
        } catch (JOSEException e) {
            throw new DeskException(Problem.UNAVAILABLE, "the id token cannot be verified now: " + e.getMessage());
        } catch (IOException e) {
            throw new DeskException(Problem.UNAVAILABLE, "the provider cannot be reached: " + e.getMessage());
        }
    }

    /**
     * The same person as the provider knows them at this moment, groups included. Where the configuration says that only sign-ins
     * tell groups, as they were then.
     */
    Person now(SignedIn signedIn) {
        if (!config.askAgain()) {
            return signedIn.person();
        }
        URI endpoint = known().metadata().getUserInfoEndpointURI();
        if (endpoint == null) {
            throw new DeskException(
                    Problem.FORBIDDEN,
                    "your groups cannot be looked up: the provider has no userinfo endpoint, and `ask-again` asks for it");
        }
        try {
            HTTPRequest request = new UserInfoRequest(endpoint, signedIn.access()).toHTTPRequest();
            request.setConnectTimeout(millis());
            request.setReadTimeout(millis());
            UserInfoResponse response = UserInfoResponse.parse(request.send());
            if (!response.indicatesSuccess()) {
                throw new DeskException(
                        Problem.UNKNOWN_PERSON, "the provider no longer vouches for you; sign in again");
            }
            UserInfo info = response.toSuccessResponse().getUserInfo();
            if (info == null
                    || !info.getSubject().getValue().equals(signedIn.person().subject())) {
                throw new DeskException(
                        Problem.UNKNOWN_PERSON, "the provider vouches for somebody else; sign in again");
            }
            return person(signedIn.person().issuer(), info);
        } catch (ParseException | IllegalArgumentException e) {
            throw new DeskException(Problem.UNAVAILABLE, "the provider's answer cannot be read: " + e.getMessage());
        } catch (IOException e) {
            throw new DeskException(Problem.UNAVAILABLE, "the provider cannot be reached: " + e.getMessage());
        }
    }

    private TokenRequest tokenRequest(URI endpoint, AuthorizationCodeGrant grant) {
        ClientID client = new ClientID(config.clientId());
        dev.chaperone.proto.Secret secret = config.clientSecret();
        return secret == null
                ? new TokenRequest.Builder(endpoint, client, grant).build()
                : new TokenRequest.Builder(endpoint, new ClientSecretBasic(client, new Secret(secret.value())), grant)
                        .build();
    }

    private Person person(IDTokenClaimsSet claims) {
        return person(claims.getIssuer().getValue(), claims);
    }

    private Person person(String issuer, ClaimsSet claims) {
        String subject = claims.getStringClaim("sub");
        String name = claims.getStringClaim("name");
        List<String> listed = claims.getStringListClaim(config.groupsClaim());
        Set<String> groups = listed == null ? Set.of() : Set.copyOf(listed);
        return new Person(issuer, subject, name == null || name.isBlank() ? subject : name, groups, roles(groups));
    }

    private Set<Role> roles(Set<String> groups) {
        Set<Role> all = EnumSet.of(Role.REQUESTER);
        add(all, Role.APPROVER, groups, roles.approvers());
        add(all, Role.AUDITOR, groups, roles.auditors());
        add(all, Role.ADMIN, groups, roles.admins());
        return all;
    }

    private static void add(Set<Role> all, Role role, Set<String> groups, List<String> of) {
        if (of.stream().anyMatch(groups::contains)) {
            all.add(role);
        }
    }

    private synchronized Known known() {
        Known found = known;
        if (found == null) {
            found = look();
            known = found;
        }
        return found;
    }

    private Known look() {
        try {
            OIDCProviderMetadata metadata =
                    OIDCProviderMetadata.resolve(new Issuer(config.issuer()), millis(), millis());
            Set<JWSAlgorithm> algorithms = new HashSet<>(ALGORITHMS);
            if (metadata.getIDTokenJWSAlgs() != null) {
                algorithms.retainAll(metadata.getIDTokenJWSAlgs());
            }
            var keys = JWKSourceBuilder.<SecurityContext>create(
                            metadata.getJWKSetURI().toURL(),
                            new DefaultResourceRetriever(millis(), millis(), MAX_KEYS_BYTES))
                    .build();
            return new Known(
                    metadata,
                    new IDTokenValidator(
                            metadata.getIssuer(),
                            new ClientID(config.clientId()),
                            new JWSVerificationKeySelector<>(algorithms, keys),
                            null));
        } catch (GeneralException | IOException | IllegalArgumentException e) {
            throw new DeskException(
                    Problem.UNAVAILABLE,
                    "the provider `" + config.issuer() + "` does not say how people sign in: " + e.getMessage());
        }
    }

    private int millis() {
        return Math.toIntExact(Math.min(config.timeout().toMillis(), 60_000));
    }
}
