package dev.chaperone.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import jakarta.persistence.Column;
import jakarta.persistence.Entity;
import jakarta.persistence.Id;
import jakarta.persistence.JoinColumn;
import jakarta.persistence.ManyToOne;
import jakarta.persistence.Table;
import java.io.StringWriter;
import java.time.LocalDate;
import java.time.OffsetDateTime;
import java.util.List;
import org.hibernate.SessionFactory;
import org.hibernate.cfg.Configuration;
import org.hibernate.tool.schema.spi.SchemaManagementException;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Hibernate starts up over the gateway as an agent: it finds its dialect, validates the schema, and sees what is missing. */
class HibernateIT {

    private static MetadataWorld world;

    @BeforeAll
    static void start() {
        world = new MetadataWorld();
    }

    @AfterAll
    static void stop() {
        world.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"grouped", "individually"})
    void validatesTheSchema(String strategy) {
        Configuration configuration = configuration(Person.class, Visit.class)
                .setProperty("hibernate.hbm2ddl.auto", "validate")
                .setProperty("hibernate.hbm2ddl.jdbc_metadata_extraction_strategy", strategy);
        try (SessionFactory factory = configuration.buildSessionFactory()) {
            List<String> names = factory.fromSession(session -> session.createQuery(
                            "select p.name from HibernateIT$Person p where p.id = 2", String.class)
                    .getResultList());
            assertThat(names).singleElement().asString().startsWith("p_");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"grouped", "individually"})
    void findsWhatIsMissing(String strategy) {
        StringWriter script = new StringWriter();
        Configuration configuration = configuration(Person.class, Visit.class, Ward.class)
                .setProperty("jakarta.persistence.schema-generation.scripts.action", "update")
                .setProperty("hibernate.hbm2ddl.jdbc_metadata_extraction_strategy", strategy);
        configuration.getProperties().put("jakarta.persistence.schema-generation.scripts.create-target", script);
        configuration.buildSessionFactory().close();

        assertThat(script.toString())
                .contains("create table registry.wards")
                .doesNotContain("create table registry.people", "create table registry.visits")
                .doesNotContain("alter table if exists registry.people add column");
    }

    @Test
    void saysWhatDoesNotFit() {
        Configuration configuration = configuration(Ward.class).setProperty("hibernate.hbm2ddl.auto", "validate");

        assertThatThrownBy(() -> configuration.buildSessionFactory().close())
                .isInstanceOf(SchemaManagementException.class)
                .hasMessageContaining("missing table [registry.wards]");
    }

    private static Configuration configuration(Class<?>... entities) {
        Configuration configuration = new Configuration()
                .setProperty(
                        "hibernate.connection.url",
                        "jdbc:postgresql://127.0.0.1:" + world.gateway.port() + "/" + Gateway.DATABASE
                                + "?sslmode=disable")
                .setProperty("hibernate.connection.username", "ada")
                .setProperty("hibernate.connection.password", TestingAuthenticator.AGENT);
        for (Class<?> entity : entities) {
            configuration.addAnnotatedClass(entity);
        }
        return configuration;
    }

    /** A table that is there. */
    @Entity
    @Table(schema = "registry", name = "people")
    static class Person {
        @Id
        @Nullable
        Long id;

        @Column(nullable = false, columnDefinition = "text")
        @Nullable
        String name;

        @Column(length = 11, unique = true)
        @Nullable
        String ssn;

        @Nullable
        LocalDate born;

        protected Person() {}
    }

    /** One that refers to it. */
    @Entity
    @Table(schema = "registry", name = "visits")
    static class Visit {
        @Id
        @Nullable
        Integer id;

        @ManyToOne(optional = false)
        @JoinColumn(name = "person")
        @Nullable
        Person person;

        @Column(nullable = false)
        @Nullable
        OffsetDateTime at;

        @Nullable
        Integer room;

        protected Visit() {}
    }

    /** A table that is not there. */
    @Entity
    @Table(schema = "registry", name = "wards")
    static class Ward {
        @Id
        @Nullable
        Integer id;

        protected Ward() {}
    }
}
